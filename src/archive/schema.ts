import type { Column } from '../messages/message.ts';

export type Format = 'parquet' | 'jsonl';

/** The schema of an object: the fixed columns and these declared columns. */
export interface ArchiveSchema {
  readonly columns: readonly Column[];
}

const before = ['message_id string', 'timestamp timestamp', 'alert_count int32', 'alerts list'];
const after = ['source string', 'read_at timestamp', 'payload_sha256 string', 'payload string'];

/** Names that declared columns must not use. */
export const fixedColumns: readonly string[] = [...before, ...after].map((line) => line.split(' ')[0]!);

/** `name type` of each column in object order: `message_id string, timestamp …`. */
export function describeSchema(schema: ArchiveSchema): string {
  return [...before, ...schema.columns.map(({ name, type }) => `${name} ${type}`), ...after].join(', ');
}

/**
 * The schema with this description: the fixed columns and a prefix of the columns declared today, since columns may have
 * been added after the object was written. Undefined if no prefix matches.
 */
export function schemaOf(description: string, declared: readonly Column[]): ArchiveSchema | undefined {
  for (let count = declared.length; count >= 0; count -= 1) {
    const schema = { columns: declared.slice(0, count) };
    if (describeSchema(schema) === description) return schema;
  }
  return undefined;
}
