import { isVisible } from './life.ts';
import type { Messages, Range } from './messages.ts';

/** The messages of a range, the same for every instant of [since, until), in ms since 1970. */
interface Entry extends Range {
  readonly since: number;
  readonly until: number;
  readonly indices: Uint32Array;
}

const KEPT_BYTES_MAX = 32 * 1024 * 1024;
const KEPT_MAX = 64;

/** Lists the messages of a range as of an instant. Caches the most recent results. */
export class Listing {
  readonly #messages: Messages;
  #kept: Entry[] = [];

  constructor(messages: Messages) {
    this.#messages = messages;
  }

  /** Returns the indices of the messages of a range that are visible as of an instant, by timestamp, then id. */
  visible(range: Range, asOf: number): Uint32Array {
    const found = this.#kept.find(
      ({ start, end, since, until }) => start === range.start && end === range.end && since <= asOf && asOf < until,
    );
    if (found) return found.indices;
    const entry = this.#list(range, asOf);
    this.#keep(entry);
    return entry.indices;
  }

  #list(range: Range, asOf: number): Entry {
    const indices: number[] = [];
    let since = -Infinity;
    let until = Infinity;
    for (const index of this.#messages.inOrder(range)) {
      const visibility = this.#messages.visibility(index);
      for (const change of [visibility.arrival, visibility.gone]) {
        if (change <= asOf) since = Math.max(since, change);
        else until = Math.min(until, change);
      }
      if (isVisible(visibility, asOf)) indices.push(index);
    }
    return { ...range, since, until, indices: Uint32Array.from(indices) };
  }

  #keep(entry: Entry): void {
    let bytes = 0;
    this.#kept = [entry, ...this.#kept].slice(0, KEPT_MAX).filter(({ indices }) => {
      bytes += indices.byteLength;
      return bytes <= KEPT_BYTES_MAX;
    });
  }
}
