import { MessageChannel, type MessagePort } from 'node:worker_threads';
import {
  type ByteRanges,
  DamagedError,
  type EncodedObject,
  type EncodeJob,
  type ReadRequest,
  type ReadResult,
  type RowChunk,
} from '../archive/object.ts';
import type { Format } from '../archive/schema.ts';
import { writeFailure } from '../errors.ts';
import type { SpoolView } from '../memory/spool.ts';
import { parquetModule } from './parquet-module.ts';
import type { RangeRequest, RangeResponse } from './remote.ts';
import type { Pair, ReadOutcome } from './tasks.ts';
import type { Threads } from './threads.ts';

export type { Pair } from './tasks.ts';

/** Far longer than a row group takes. */
const defaultSilenceMs = 60_000;

/**
 * Writes an object's file in a worker thread.
 * @throws UserError if the file cannot be written; it may be left incomplete
 */
export async function encodeObject(threads: Threads, job: EncodeJob): Promise<EncodedObject> {
  const encoding = threads.run<EncodedObject>('encode', [job, await moduleFor(job.format)]);
  return encoding.catch((error: unknown) => {
    throw writeFailure(`The file ${job.path}`, error);
  });
}

function moduleFor(format: Format): Promise<WebAssembly.Module> | undefined {
  return format === 'parquet' ? parquetModule() : undefined;
}

/** For each pair, true if both payloads have the same content, ignoring spelling. */
export function comparePayloads(threads: Threads, spool: SpoolView, pairs: readonly Pair[]): Promise<boolean[]> {
  return threads.run('compare', [spool, pairs]);
}

interface ReadSettings extends ReadRequest {
  /** How long the thread may take between a response and its next request or result. Default: 60 s. */
  readonly silenceMs?: number | undefined;
}

/**
 * Reads an object's rows in a worker thread, which is terminated if it fails or stops responding.
 * @param take receives one chunk at a time; the next is read when it resolves
 * @throws DamagedError if the bytes cannot be read as an object; errors of `take` and of `ranges.read` unchanged
 */
export async function readObject(
  threads: Threads,
  ranges: ByteRanges,
  { silenceMs = defaultSilenceMs, ...request }: ReadSettings,
  take: (chunk: RowChunk) => Promise<void>,
): Promise<ReadResult> {
  const { port1, port2 } = new MessageChannel();
  const end = new AbortController();
  const module = await moduleFor(request.format);
  const server = new RangeServer({ port: port1, ranges, take, silenceMs, giveUp: (reason) => end.abort(reason) });
  try {
    const parameters = [port2, ranges.size, request, module];
    const outcome = await threads.run<ReadOutcome>('read', parameters, [port2], end.signal);
    if ('damage' in outcome) throw new DamagedError(outcome.damage);
    return outcome;
  } catch (error) {
    if (end.signal.aborted) throw end.signal.reason;
    throw new DamagedError(reasonOf(error));
  } finally {
    server.close();
  }
}

/** Keeps our own reasons, recognized by name since errors from threads lose their class, and replaces those of libraries. */
function reasonOf(error: unknown): string {
  const { name, message } = error as Partial<Error>;
  return name === DamagedError.kind ? message! : 'its bytes cannot be decoded';
}

interface RangeServerSettings {
  readonly port: MessagePort;
  readonly ranges: ByteRanges;
  readonly take: (chunk: RowChunk) => Promise<void>;
  readonly silenceMs: number;
  readonly giveUp: (reason: unknown) => void;
}

/** Serves the requests of a reading thread, and gives it up if it is silent for too long after the last response. */
class RangeServer {
  readonly #port: MessagePort;
  readonly #silenceMs: number;
  readonly #giveUp: (reason: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  /** Requests in progress: the thread may be silent while it waits for them. */
  #pending = 0;
  #isClosed = false;

  constructor({ port, ranges, take, silenceMs, giveUp }: RangeServerSettings) {
    this.#port = port;
    this.#silenceMs = silenceMs;
    this.#giveUp = giveUp;
    port.on('message', async (request: RangeRequest) => {
      clearTimeout(this.#timer);
      this.#pending += 1;
      try {
        if ('chunk' in request) {
          await take(request.chunk);
          port.postMessage({ id: request.id } satisfies RangeResponse);
        } else {
          const bytes = await ranges.read(request.start, request.end);
          port.postMessage({ id: request.id, bytes } satisfies RangeResponse, [bytes.buffer]);
        }
        this.#pending -= 1;
        if (this.#pending === 0) this.#listen();
      } catch (error) {
        giveUp(error);
      }
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#port.close();
  }

  #listen(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.#giveUp(new DamagedError('its bytes make the reader hang')), this.#silenceMs);
  }
}
