import type { Readable } from 'node:stream';

/**
 * A whole body.
 * @throws Error of the code `ERR_BODY_LENGTH` when it is not of that length
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
  return Object.assign(new Error(`The body is ${word} than what was asked for.`), { code: 'ERR_BODY_LENGTH' });
}
