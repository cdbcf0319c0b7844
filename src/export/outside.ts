import type { Source } from '../io/ports.ts';
import type { Page } from '../messages/page.ts';
import { contains, type Interval } from '../windows/interval.ts';
import { watchedSource } from './watched-source.ts';

/** The number of messages to keep; a source that returns a few days around a slot stays below it. */
const messagesMax = 100_000;

/** Slots cover the years 1970 to 9999. */
const yearMaxUs = BigInt(Date.UTC(10_000, 0)) * 1000n;

/** Messages with alerts that reads of a slot returned outside of it: timestamps in µs since 1970, by id. */
export class OutsideMessages {
  readonly timestamps = new Map<string, bigint>();
  readonly #slot: Interval;

  constructor(slot: Interval) {
    this.#slot = slot;
  }

  /** The source, with the messages outside of the slot noted as they are read. */
  watch(source: Source): Source {
    return watchedSource(source, (page) => this.#note(page));
  }

  #note({ messages }: Page): void {
    for (const { id, timestamp, state } of messages) {
      if (state !== 'closed' && state !== 'open') continue;
      if (timestamp! < 0n || timestamp! >= yearMaxUs) continue;
      // An id may occur twice: one that lies in the slot as well is not missing there.
      if (contains(this.#slot, timestamp!)) this.timestamps.delete(id!);
      else if (this.timestamps.size < messagesMax) this.timestamps.set(id!, timestamp!);
    }
  }
}
