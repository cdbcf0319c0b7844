/** How many times the page size is halved if the server cannot serve a page. */
const halvingsMax = 6;

/**
 * Chooses the requested page size: the user's, or half of it, a quarter and so on, since servers may accept no other sizes.
 * Learns which sizes the server actually returns.
 */
export class PageSizes {
  readonly #requested: number;
  #halvings = 0;
  #hasGrown = false;
  #isSettled = false;
  #cap = Number.POSITIVE_INFINITY;
  #takesHalves = true;

  /** @param requested the user's page size, at least 1 */
  constructor(requested: number) {
    this.#requested = requested;
  }

  /** Returns the size for an attempt, counted from 0. If the server allows, consecutive attempts have different page borders. */
  at(attempt: number): number {
    const most = this.#halved(this.#halvings);
    if (attempt % 2 === 0 || !this.#takesHalves) return most;
    let size = half(most);
    while (size > 1 && size >= this.#cap) size = half(size);
    return size;
  }

  /** Returns whether a smaller page can be requested after the server failed to serve this size. */
  canHalve(size: number): boolean {
    return size > 1 && this.#halvings < halvingsMax;
  }

  /** Notes that the server failed to serve a page of this size; concurrent reads may report it several times. */
  limit(size: number): void {
    if (size > this.#halved(this.#halvings)) return;
    this.#halvings += 1;
    this.#isSettled ||= this.#hasGrown;
  }

  /** Notes that the server served all pages: larger ones, which may have failed for another reason, are tried again. */
  noteSuccess(): void {
    if (this.#halvings === 0 || this.#isSettled) return;
    this.#halvings -= 1;
    this.#hasGrown = true;
  }

  /** Starts over: the server failed at every page size, so size is not the cause. */
  reset(): void {
    this.#halvings = 0;
  }

  /** Returns whether this is a half, which a server that takes only certain sizes may refuse. */
  isHalf(size: number): boolean {
    return this.#takesHalves && size < this.#halved(this.#halvings);
  }

  refuseHalves(): void {
    this.#takesHalves = false;
  }

  /** Notes the length of a page that was not the last: the server returns no longer pages. */
  noteCap(length: number): void {
    this.#cap = length;
  }

  #halved(times: number): number {
    return Math.max(1, Math.floor(this.#requested / 2 ** times));
  }
}

function half(size: number): number {
  return Math.max(1, Math.floor(size / 2));
}
