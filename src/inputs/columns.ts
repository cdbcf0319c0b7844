import { fixedColumns } from '../archive/schema.ts';
import type { Column, ColumnType } from '../messages/message.ts';
import { type Parser, Refusal } from './given.ts';
import { pointer } from './parsers.ts';

const columnsMax = 100;
const nameCharsMax = 63;
const types: readonly ColumnType[] = ['string', 'int64', 'double', 'boolean', 'timestamp'];
/** Readers of a partitioned archive derive columns from its folders' names. */
const taken = new Set([...fixedColumns, 'month', 'day']);
const line = /^([^:]*?)\s*:\s*(\S.*?)\s+(\S+)$/;
/** The beginning of another column, or a comment after a type, within a pointer, whose names may contain spaces, commas and `#`. */
const furtherColumn = /[\s,;]\w+\s*:\s*\//;
const comment = new RegExp(`\\s(?:${types.join('|')})[,;]?\\s+#`);
const name = new RegExp(`^[a-z_][a-z0-9_]{0,${nameCharsMax - 1}}$`);

/** One `name: /json/pointer type` on each line; blank lines and lines that begin with `#` are ignored. */
export const columns: Parser<readonly Column[]> = {
  accepted: `use one line \`name: /json/pointer type\` for each column, where the type is one of ${types.join(', ')}`,
  read(text) {
    const lines = text.split(/\r?\n|\r/).map((each) => each.trim());
    const declared = lines.filter((each) => each !== '' && !each.startsWith('#')).map((each) => readColumn(each));
    const names = declared.map((column) => column.name);
    const twice = names.find((each, index) => names.indexOf(each) < index);
    if (twice !== undefined) throw new Refusal('two columns have this name: give each its own', twice);
    if (declared.length <= columnsMax) return declared;
    throw new Refusal(`declare at most ${columnsMax}`, `${declared.length} columns`);
  },
};

function readColumn(text: string): Column {
  const [, column, path, type] = line.exec(text) ?? [];
  if (column === undefined || path === undefined) throw new Refusal(columns.accepted, text);
  if (!name.test(column)) {
    throw new Refusal(
      `use a column name of at most ${nameCharsMax} characters a-z, 0-9 and _, not beginning with a digit`,
      text,
    );
  }
  if (taken.has(column)) throw new Refusal(`the archive already has a column \`${column}\`: use another name`, text);
  if (furtherColumn.test(path) || comment.test(path)) {
    throw new Refusal('use one line `name: /json/pointer type` for each column, with nothing after the type', text);
  }
  const found = pointer.read(path);
  if (found === undefined) throw new Refusal(`${pointer.accepted}, after the name of the column`, text);
  const known = types.find((each) => each === type);
  if (known === undefined) throw new Refusal(`end the line with one of the types ${types.join(', ')}`, text);
  return { name: column, pointer: found, type: known };
}
