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
import type { Answer, Ask } from './remote.ts';
import type { ReadOutcome } from './tasks.ts';
import type { Threads } from './threads.ts';

/** How long a reading thread may be silent: far more than a row group takes. */
const silenceMsMax = 60_000;

/**
 * Writes an object's file in a worker thread.
 * @throws UserError when the file cannot be written; part of it may be there
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

/** Of two payloads of a spool, `[position, length, position, length]`. */
export type Pair = readonly [number, number, number, number];

/** For each pair, whether both payloads say the same, however they are spelled. */
export function comparePayloads(threads: Threads, spool: SpoolView, pairs: readonly Pair[]): Promise<boolean[]> {
  return threads.run('compare', [spool, pairs]);
}

/**
 * Reads an object's rows in a worker thread that is thrown away when it fails or falls silent.
 * @param take is given one chunk at a time; the next is read when it resolves
 * @param silenceMs how long the thread may take after an answer until it asks again or ends
 * @throws DamagedError when the bytes cannot be read as an object; what `take` or reading the bytes throws, as it is
 */
export async function readObject(
  threads: Threads,
  ranges: ByteRanges,
  request: ReadRequest,
  take: (chunk: RowChunk) => Promise<void>,
  silenceMs: number = silenceMsMax,
): Promise<ReadResult> {
  const { port1, port2 } = new MessageChannel();
  const end = new AbortController();
  const module = await moduleFor(request.format);
  const desk = new Desk(port1, ranges, take, silenceMs, (reason) => end.abort(reason));
  try {
    const parameters = [port2, ranges.size, request, module];
    const outcome = await threads.run<ReadOutcome>('read', parameters, [port2], end.signal);
    if ('damage' in outcome) throw new DamagedError(outcome.damage);
    return outcome;
  } catch (error) {
    if (end.signal.aborted) throw end.signal.reason;
    throw new DamagedError(reasonOf(error));
  } finally {
    desk.close();
  }
}

/**
 * What our own code says of the bytes: of an error that comes from a thread the name alone tells who threw it. What a library
 * says that broke down over them is nothing for people.
 */
function reasonOf(error: unknown): string {
  const { name, message } = error as Partial<Error>;
  return name === DamagedError.kind ? message! : 'its bytes cannot be decoded';
}

/** Answers a reading thread's asks, and gives it up when it is silent for too long after the last answer. */
class Desk {
  readonly #port: MessagePort;
  readonly #silenceMs: number;
  readonly #giveUp: (reason: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  /** A thread that reads ahead asks more than once: while it waits for an answer, its silence says nothing. */
  #unanswered = 0;
  #isClosed = false;

  constructor(
    port: MessagePort,
    ranges: ByteRanges,
    take: (chunk: RowChunk) => Promise<void>,
    silenceMs: number,
    giveUp: (reason: unknown) => void,
  ) {
    this.#port = port;
    this.#silenceMs = silenceMs;
    this.#giveUp = giveUp;
    port.on('message', async (ask: Ask) => {
      clearTimeout(this.#timer);
      this.#unanswered += 1;
      try {
        if ('chunk' in ask) {
          await take(ask.chunk);
          port.postMessage({ ask: ask.ask } satisfies Answer);
        } else {
          const bytes = await ranges.read(ask.start, ask.end);
          port.postMessage({ ask: ask.ask, bytes } satisfies Answer, [bytes.buffer]);
        }
        this.#unanswered -= 1;
        if (this.#unanswered === 0) this.#listen();
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
    this.#timer = setTimeout(
      () => this.#giveUp(new DamagedError('its bytes bring the reader to a halt')),
      this.#silenceMs,
    );
  }
}
