import type { Readable } from 'node:stream';

/**
 * Reads a whole body of a known length.
 * @throws Error with the code `ERR_BODY_LENGTH` if its length differs
 */
export async function exactly(bytes: number, body: Readable): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(bytes);
  let filled = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (filled + chunk.length > bytes) throw otherLength('longer');
    whole.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < bytes) throw otherLength('shorter');
  return whole;
}

function otherLength(word: string): Error {
  return Object.assign(new Error(`The body is ${word} than requested.`), { code: 'ERR_BODY_LENGTH' });
}
