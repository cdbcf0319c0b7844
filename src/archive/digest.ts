import { createHash } from 'node:crypto';
import { type RowColumns, shaBytes } from './rows.ts';

/**
 * The digest of an object's content: hex SHA-256 over a line with its schema, and a line a row in the object's order: the
 * id as a JSON string, a space, the payload's SHA-256 in hex. Anyone can compute it again from the footer's `schema` and
 * the columns `message_id` and `payload_sha256`.
 * @param schema as describeSchema gives it
 */
export function contentDigest(schema: string, rows: Pick<RowColumns, 'ids' | 'shas'>): string {
  const digest = createHash('sha256');
  digest.update(`${schema}\n`);
  const shas = Buffer.from(rows.shas.buffer, rows.shas.byteOffset, rows.shas.byteLength);
  rows.ids.forEach((id, n) => {
    digest.update(`${JSON.stringify(id)} ${shas.toString('hex', n * shaBytes, (n + 1) * shaBytes)}\n`);
  });
  return digest.digest('hex');
}
