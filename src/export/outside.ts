import type { Source } from '../io/ports.ts';
import type { Page } from '../messages/page.ts';
import { contains, type Interval } from '../windows/interval.ts';
import { watchedSource } from './watched-source.ts';

/** Messages that are kept; a source that is asked for some days around a slot returns fewer. */
const messagesMax = 100_000;

/** Slots are of the years 1970 to 9999. */
const yearMaxUs = BigInt(Date.UTC(10_000, 0)) * 1000n;

/** The messages with alerts that readings of a slot met outside of it: their timestamps, in µs since 1970, by id. */
export class Outside {
  readonly messages = new Map<string, bigint>();
  readonly #slot: Interval;

  constructor(slot: Interval) {
    this.#slot = slot;
  }

  /** The source, with what its readings return noted. */
  watch(source: Source): Source {
    return watchedSource(source, (page) => this.#note(page));
  }

  #note({ messages }: Page): void {
    for (const { id, timestamp, state } of messages) {
      if (state !== 'closed' && state !== 'open') continue;
      if (timestamp! < 0n || timestamp! >= yearMaxUs) continue;
      // One id may stand twice: what lies in the slot is known to it.
      if (contains(this.#slot, timestamp!)) this.messages.delete(id!);
      else if (this.messages.size < messagesMax) this.messages.set(id!, timestamp!);
    }
  }
}
