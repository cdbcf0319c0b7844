import type { MessagePort } from 'node:worker_threads';
import type { ByteRanges, RowChunk } from '../archive/object.ts';

/** A request of the reading thread to the thread that holds the object: for a byte range, or to take a chunk. */
export type RangeRequest = { readonly id: number } & RequestBody;

type RequestBody = { readonly start: number; readonly end: number } | { readonly chunk: RowChunk };

/** The response to the request of this id; `bytes` for a byte range. */
export interface RangeResponse {
  readonly id: number;
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

interface Remote {
  readonly ranges: ByteRanges;
  /** Resolves when the chunk was taken, so that at most one is in transit. */
  emit(chunk: RowChunk): Promise<void>;
}

/** The reading thread's end of the port. Failures are not sent back: they end the thread. */
export function remoteRanges(port: MessagePort, size: number): Remote {
  const pending = new Map<number, (response: RangeResponse) => void>();
  let requests = 0;
  port.on('message', (response: RangeResponse) => {
    pending.get(response.id)?.(response);
    pending.delete(response.id);
  });
  const request = (body: RequestBody) => {
    requests += 1;
    const id = requests;
    return new Promise<RangeResponse>((resolve) => {
      pending.set(id, resolve);
      port.postMessage({ id, ...body } satisfies RangeRequest);
    });
  };
  return {
    ranges: { size, read: async (start, end) => (await request({ start, end })).bytes! },
    emit: async (chunk) => void (await request({ chunk })),
  };
}
