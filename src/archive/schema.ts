import type { Column } from '../messages/message.ts';

export type Format = 'parquet' | 'jsonl';

/** What the rows of an object hold: the fixed columns and those that the user declares. */
export interface ArchiveSchema {
  readonly columns: readonly Column[];
}

const before = ['message_id string', 'timestamp timestamp', 'alert_count int32', 'alerts list'];
const after = ['source string', 'read_at timestamp', 'payload_sha256 string', 'payload string'];

/** The columns' names that no declared column may take. */
export const fixedColumns: readonly string[] = [...before, ...after].map((line) => line.split(' ')[0]!);

/** `name type` of each column, in the order in which they stand in the object: `message_id string, timestamp …`. */
export function describeSchema(schema: ArchiveSchema): string {
  return [...before, ...schema.columns.map(({ name, type }) => `${name} ${type}`), ...after].join(', ');
}

/**
 * The schema that a description is of: the fixed columns, and the first so many of those that are declared today, since
 * others may have been added after the object was written. Undefined where it is another one's.
 */
export function schemaOf(description: string, declared: readonly Column[]): ArchiveSchema | undefined {
  for (let count = declared.length; count >= 0; count -= 1) {
    const schema = { columns: declared.slice(0, count) };
    if (describeSchema(schema) === description) return schema;
  }
  return undefined;
}
