import { createHash } from 'node:crypto';
import { type RowColumns, shaBytes } from './rows.ts';

const blockRows = 1024;
const shaCharacters = 2 * shaBytes;

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
  // A block's hashes become one text: a text for each row would leave as much again to the garbage collector.
  for (let first = 0; first < rows.ids.length; first += blockRows) {
    const hex = shas.toString('hex', first * shaBytes, (first + blockRows) * shaBytes);
    const lines = rows.ids
      .slice(first, first + blockRows)
      .map((id, n) => `${JSON.stringify(id)} ${hex.slice(n * shaCharacters, (n + 1) * shaCharacters)}\n`);
    digest.update(lines.join(''));
  }
  return digest.digest('hex');
}
