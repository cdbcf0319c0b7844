import { isVisible } from './life.ts';
import type { Messages } from './messages.ts';

/** A half-open span of time `[start, end)`, both in ms since 1970. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** What a range holds, the same for every instant of [since, until), in ms since 1970. */
interface Entry extends Range {
  readonly since: number;
  readonly until: number;
  readonly indices: Uint32Array;
}

const KEPT_BYTES_MAX = 32 * 1024 * 1024;
const KEPT_MAX = 64;

/** Which messages a range holds as of an instant; the answers asked for last are kept. */
export class Listing {
  readonly #messages: Messages;
  #kept: Entry[] = [];

  constructor(messages: Messages) {
    this.#messages = messages;
  }

  /** The indices of the messages of a range that are visible as of an instant, sorted by timestamp, then id. */
  visible(range: Range, asOf: number): Uint32Array {
    const found = this.#kept.find(
      ({ start, end, since, until }) => start === range.start && end === range.end && since <= asOf && asOf < until,
    );
    if (found) return found.indices;
    const entry = this.#list(range, asOf);
    this.#keep(entry);
    return entry.indices;
  }

  #list({ start, end }: Range, asOf: number): Entry {
    const last = this.#messages.timeline.firstFrom(end);
    const indices: number[] = [];
    let since = -Infinity;
    let until = Infinity;
    for (let index = this.#messages.timeline.firstFrom(start); index < last; index++) {
      const visibility = this.#messages.visibility(index);
      for (const change of [visibility.arrival, visibility.gone]) {
        if (change <= asOf) since = Math.max(since, change);
        else until = Math.min(until, change);
      }
      if (isVisible(visibility, asOf)) indices.push(index);
    }
    this.#sortTies(indices);
    return { start, end, since, until, indices: Uint32Array.from(indices) };
  }

  /** Indices ascend with time: only neighbours of the same timestamp may have to change places. */
  #sortTies(indices: number[]): void {
    for (let place = 1; place < indices.length; place++) {
      const [before, after] = [indices[place - 1] as number, indices[place] as number];
      if (this.#messages.timeline.at(before) !== this.#messages.timeline.at(after)) continue;
      if (this.#messages.sortId(before) < this.#messages.sortId(after)) continue;
      indices[place - 1] = after;
      indices[place] = before;
    }
  }

  #keep(entry: Entry): void {
    let bytes = 0;
    this.#kept = [entry, ...this.#kept].slice(0, KEPT_MAX).filter(({ indices }) => {
      bytes += indices.byteLength;
      return bytes <= KEPT_BYTES_MAX;
    });
  }
}
