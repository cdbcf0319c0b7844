import { safeLine } from '../../text/safe-line.ts';
import { masked } from '../../text/secrets.ts';

let isOwn = false;

/** What stands in a log for a text, whoever wrote it: one line, no command, no secret. */
export function shown(text: string): string {
  return masked(safeLine(masked(text)));
}

/** Runs what writes to standard output itself, and has taken care of what it writes. */
export function asOwn(write: () => void): void {
  isOwn = true;
  try {
    write();
  } finally {
    isOwn = false;
  }
}

/**
 * Makes every line that is written to the streams pass {@link shown}, whoever writes it: libraries, worker threads, and Node
 * itself where NODE_DEBUG asks it to. Only what {@link asOwn} runs passes as it is.
 */
export function guardOutput(streams: readonly Pick<NodeJS.WriteStream, 'write'>[]): void {
  for (const stream of streams) {
    const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
    stream.write = (chunk: unknown, ...rest: unknown[]) => write(isOwn ? chunk : guarded(chunk), ...rest);
  }
}

function guarded(chunk: unknown): string {
  const text = chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : String(chunk);
  return text.split('\n').map(shown).join('\n');
}
