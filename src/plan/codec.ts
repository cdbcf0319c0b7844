import { gunzipSync, gzipSync } from 'node:zlib';

/** So that a text that was made to grow does not fill the memory. */
const unpackedBytesMax = 16 * 1024 * 1024;

/**
 * A value as short text, for what passes from one job to another: Linux gives a process no variable of more than 128 KiB,
 * and every input is one.
 */
export function packed(value: unknown): string {
  return gzipSync(JSON.stringify(value)).toString('base64');
}

/**
 * The value of a {@link packed} text.
 * @throws Error where it is none
 */
export function unpacked(text: string): unknown {
  const json = gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: unpackedBytesMax });
  return JSON.parse(json.toString());
}
