import { safeLine } from '../../text/safe-line.ts';
import { masked } from '../../text/secrets.ts';

let isOwn = false;

/** A text as the log may show it: one line, without commands to the runner and without secrets. */
export function shown(text: string): string {
  return masked(safeLine(masked(text)));
}

/** Runs a function whose output is safe already, and passes it through {@link guardOutput} unchanged. */
export function asOwn(write: () => void): void {
  isOwn = true;
  try {
    write();
  } finally {
    isOwn = false;
  }
}

/**
 * Filters every line that is written to the streams through {@link shown}, including those of libraries, worker threads and
 * Node itself (NODE_DEBUG). Only output within {@link asOwn} passes unchanged.
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
