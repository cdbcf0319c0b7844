import type { MessagePort } from 'node:worker_threads';
import type { ByteRanges, RowChunk } from '../archive/object.ts';

/** What a reading thread asks of the thread that holds the object. */
export type Ask =
  | { readonly ask: number; readonly start: number; readonly end: number }
  | { readonly ask: number; readonly chunk: RowChunk };

/** The answer: bytes to the first kind, nothing to the second, or the reason why there is none. */
export interface Answer {
  readonly ask: number;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly failed?: string;
}

export interface Remote {
  readonly ranges: ByteRanges;
  /** Resolves when the chunk was taken, so that at most one waits. */
  emit(chunk: RowChunk): Promise<void>;
}

/** The reading thread's end of the port. */
export function remoteRanges(port: MessagePort, size: number): Remote {
  const waiting = new Map<number, PromiseWithResolvers<Answer>>();
  let asks = 0;
  port.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.ask);
    waiting.delete(answer.ask);
    if (answer.failed === undefined) asked?.resolve(answer);
    else asked?.reject(new Error(answer.failed));
  });
  const ask = (what: { start: number; end: number } | { chunk: RowChunk }) => {
    asks += 1;
    const asked = Promise.withResolvers<Answer>();
    waiting.set(asks, asked);
    port.postMessage({ ask: asks, ...what } satisfies Ask);
    return asked.promise;
  };
  return {
    ranges: { size, read: async (start, end) => (await ask({ start, end })).bytes! },
    emit: async (chunk) => void (await ask({ chunk })),
  };
}
