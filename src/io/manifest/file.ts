import { createReadStream } from 'node:fs';
import { messageOf, UserError } from '../../errors.ts';

/** The number of ids in a batch. */
const batchMax = 1_000;
/** The maximum length of a line or record, in characters. */
const lineCharactersMax = 1024 * 1024;

/** A file that lists ids: one on each line, or in a column of CSV. */
export interface ManifestSettings {
  readonly path: string;
  /** The column's name in the first line of a CSV file; undefined for one id on each line. */
  readonly column: string | undefined;
}

/**
 * Reads the ids of a manifest in batches, in order, without blank ones.
 * @throws UserError if the file cannot be read, lacks the column, or contains no id
 */
export async function* manifestIds(settings: ManifestSettings): AsyncGenerator<string[]> {
  const { path, column } = settings;
  let isEmpty = true;
  let batch: string[] = [];
  try {
    for await (const text of column === undefined ? linesOf(path) : cellsOf(path, column)) {
      const id = text.trim();
      if (id === '') continue;
      isEmpty = false;
      batch.push(id);
      if (batch.length === batchMax) {
        yield batch;
        batch = [];
      }
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      'manifest-invalid',
      `The manifest ${path} cannot be read (${messageOf(error)}). Check \`manifest\` and \`manifest-column\`.`,
    );
  }
  if (isEmpty)
    throw new UserError(
      'manifest-invalid',
      `The manifest ${path} contains no ids. Check \`manifest\` and \`manifest-column\`.`,
    );
  if (batch.length > 0) yield batch;
}

async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  let line = 1;
  for await (const chunk of createReadStream(path, 'utf8')) {
    const lines = (rest + (line === 1 && rest === '' ? withoutMark(chunk as string) : (chunk as string))).split('\n');
    rest = lines.pop()!;
    line += lines.length;
    yield* lines;
    if (rest.length > lineCharactersMax)
      throw new UserError(
        'manifest-invalid',
        `Line ${line} of the manifest ${path} is too long for an id. Write one id on each line, or set \`manifest-column\` for CSV.`,
      );
  }
  yield rest;
}

function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

async function* cellsOf(path: string, column: string): AsyncGenerator<string> {
  const { parse } = await import('csv-parse');
  const columns = (names: string[]) => {
    if (names.includes(column)) return names;
    const found = names.map((name) => JSON.stringify(name.slice(0, 80))).slice(0, 20);
    throw new UserError(
      'manifest-invalid',
      `The manifest ${path} has no column ${JSON.stringify(column)}, only ${found.join(', ')}. Set \`manifest-column\` to one of them.`,
    );
  };
  const records = parse({ bom: true, columns, skip_empty_lines: true, max_record_size: lineCharactersMax });
  const file = createReadStream(path);
  file.on('error', (error) => records.destroy(error));
  for await (const record of file.pipe(records)) yield (record as Record<string, string>)[column]!;
}
