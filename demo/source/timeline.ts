import { isoText } from './instant.ts';
import { Random, unit } from './random.ts';

/** Notation of a timestamp. */
export type Spelling = 'milliseconds' | 'microseconds' | 'offset' | 'bare';

const SALT = { jitter: 1, spelling: 2, microsecond: 3, tie: 4, offset: 5 };
const TIE_SHARE = 0.004;
const STEP_MS_MIN = 2;
const OFFSETS_MINUTES: readonly number[] = [120, 60, -300, -420, 330, 540];

/**
 * Timestamps of messages, spread over [from, to) with random gaps and ascending with the index. Each depends on the seed and
 * the index only. Occasionally two neighbours share one.
 */
export class Timeline {
  readonly count: number;
  readonly #seed: number;
  readonly #from: number;
  readonly #step: number;
  readonly #tieShare: number;

  /**
   * @param from, to ms since 1970
   * @throws RangeError if the interval is too short for so many messages
   */
  constructor(seed: number, from: number, to: number, count: number, oddities: number) {
    this.count = count;
    this.#seed = seed;
    this.#from = from;
    this.#step = count === 0 ? to - from : (to - from) / count;
    this.#tieShare = Math.min(0.5, TIE_SHARE * oddities);
    if (this.#step < STEP_MS_MIN) {
      throw new RangeError(`An interval of ${to - from} ms is too short for ${count} messages.`);
    }
  }

  /** Returns the timestamp of a message, in µs since 1970. */
  at(index: number): number {
    const own = this.#owner(index);
    const start = Math.floor(own * this.#step);
    const room = Math.floor((own + 1) * this.#step) - start;
    const ms = this.#from + start + Math.floor(unit(this.#seed, own, SALT.jitter) * room);
    if (this.spelling(own) !== 'microseconds') return ms * 1_000;
    return ms * 1_000 + 1 + Math.floor(unit(this.#seed, own, SALT.microsecond) * 999);
  }

  spelling(index: number): Spelling {
    const draw = unit(this.#seed, this.#owner(index), SALT.spelling);
    if (draw < 0.05) return 'microseconds';
    if (draw < 0.11) return 'offset';
    return draw < 0.12 ? 'bare' : 'milliseconds';
  }

  /** Returns the timestamp in a message's JSON text, without quotes. */
  text(index: number): string {
    const us = this.at(index);
    const ms = Math.floor(us / 1_000);
    switch (this.spelling(index)) {
      case 'microseconds':
        return `${isoText(ms).slice(0, -1)}${String(us % 1_000).padStart(3, '0')}Z`;
      case 'offset':
        return withOffset(ms, new Random(this.#seed, index, SALT.offset).pick(OFFSETS_MINUTES));
      case 'bare':
        return isoText(ms).slice(0, -1);
      default:
        return isoText(ms);
    }
  }

  /** Returns the index of the first message at or after an instant, in ms since 1970; the count if there is none. */
  firstFrom(ms: number): number {
    // Two steps earlier: a tie has its neighbour's timestamp, and bounds are rounded.
    const guess = Math.floor((ms - this.#from) / this.#step) - 2;
    let index = Math.min(this.count, Math.max(0, guess));
    while (index < this.count && this.at(index) < ms * 1_000) index++;
    return index;
  }

  /** Returns the index whose timestamp a message has: its own, or in a tie the previous one. */
  #owner(index: number): number {
    return this.#isTied(index) && !this.#isTied(index - 1) ? index - 1 : index;
  }

  #isTied(index: number): boolean {
    return index > 0 && unit(this.#seed, index, SALT.tie) < this.#tieShare;
  }
}

function withOffset(ms: number, minutes: number): string {
  const size = Math.abs(minutes);
  const hours = String(Math.floor(size / 60)).padStart(2, '0');
  const local = isoText(ms + minutes * 60_000).slice(0, -1);
  return `${local}${minutes < 0 ? '-' : '+'}${hours}:${String(size % 60).padStart(2, '0')}`;
}
