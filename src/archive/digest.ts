import { createHash } from 'node:crypto';
import { type RowColumns, shaBytes } from './rows.ts';

const blockRows = 1024;
const shaCharacters = 2 * shaBytes;

/**
 * The digest of an object's content: hex SHA-256 of a line with its schema, followed by a line for each row in object order:
 * the id as a JSON string, a space, and the payload's SHA-256 in hex. It can be recomputed from the footer's `schema` and
 * the columns `message_id` and `payload_sha256`.
 * @param schema from describeSchema
 */
export function contentDigest(schema: string, rows: Pick<RowColumns, 'ids' | 'shas'>): string {
  const digest = createHash('sha256');
  digest.update(`${schema}\n`);
  const shas = Buffer.from(rows.shas.buffer, rows.shas.byteOffset, rows.shas.byteLength);
  // One hex string per block rather than per row, to spare the garbage collector.
  for (let first = 0; first < rows.ids.length; first += blockRows) {
    const hex = shas.toString('hex', first * shaBytes, (first + blockRows) * shaBytes);
    const lines = rows.ids
      .slice(first, first + blockRows)
      .map((id, n) => `${JSON.stringify(id)} ${hex.slice(n * shaCharacters, (n + 1) * shaCharacters)}\n`);
    digest.update(lines.join(''));
  }
  return digest.digest('hex');
}
