/** How many times a page is halved that the server cannot give. */
const halvingsMax = 6;

/**
 * How many messages a page is asked for: what the user gave, or a half of it, or a half of that; servers may accept no other
 * sizes. It learns what the server really gives.
 */
export class PageSizes {
  readonly #given: number;
  #halvings = 0;
  #hasGrown = false;
  #isFirm = false;
  #cap = Number.POSITIVE_INFINITY;
  #takesHalves = true;

  /** @param given by the user, from 1 on */
  constructor(given: number) {
    this.#given = given;
  }

  /** For an attempt from 0 on: of two that follow each other, the borders of pages differ where the server lets them. */
  at(attempt: number): number {
    const most = this.#halved(this.#halvings);
    if (attempt % 2 === 0 || !this.#takesHalves) return most;
    let size = half(most);
    while (size > 1 && size >= this.#cap) size = half(size);
    return size;
  }

  /** Whether less than a page of this size can be asked for, where the server fails to give it. */
  canHalve(size: number): boolean {
    return size > 1 && this.#halvings < halvingsMax;
  }

  /** The server failed to give a page of this size; readings that go on at once may say so several times. */
  limit(size: number): void {
    if (size > this.#halved(this.#halvings)) return;
    this.#halvings += 1;
    this.#isFirm ||= this.#hasGrown;
  }

  /** The server gave all pages: where it had failed at larger ones, perhaps for another reason, the next may be larger, once. */
  noteSuccess(): void {
    if (this.#halvings === 0 || this.#isFirm) return;
    this.#halvings -= 1;
    this.#hasGrown = true;
  }

  /** The server gives no page, however small: its size is not why. */
  reset(): void {
    this.#halvings = 0;
  }

  /** Whether it is a half that a server may refuse which takes certain sizes only. */
  isHalf(size: number): boolean {
    return this.#takesHalves && size < this.#halved(this.#halvings);
  }

  refuseHalves(): void {
    this.#takesHalves = false;
  }

  /** A page of this length was followed by another one: the server gives no longer ones. */
  noteCap(length: number): void {
    this.#cap = length;
  }

  #halved(times: number): number {
    return Math.max(1, Math.floor(this.#given / 2 ** times));
  }
}

function half(size: number): number {
  return Math.max(1, Math.floor(size / 2));
}
