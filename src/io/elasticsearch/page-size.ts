/** No index is asked for more unless it is told to allow it. */
const hitsMax = 10_000;
const firstHits = 100;
/** Of one page: large enough that the time for asking does not count. */
const targetBytes = 8 * 1024 * 1024;
/** The first messages may be unlike the next: a page holds at most so many times what the one before it held. */
const growth = 8;
const shrinkage = 4;

/** How many hits to ask for, so that pages have some {@link targetBytes}. */
export class PageSize {
  #hitsMax = hitsMax;
  #bytes = 0;
  #hits = 0;
  #lastHits = 0;

  /** From 1 on. */
  next(): number {
    if (this.#hits === 0) return Math.min(firstHits, this.#hitsMax);
    const fit = (targetBytes * this.#hits) / this.#bytes;
    return Math.max(1, Math.floor(Math.min(fit, this.#lastHits * growth, this.#hitsMax)));
  }

  /** Learns from a page of so many bytes. */
  note(bytes: number, hits: number): void {
    if (hits === 0) return;
    this.#bytes += bytes;
    this.#hits += hits;
    this.#lastHits = hits;
  }

  /** No page of the size last asked for can be had. */
  limit(): void {
    this.#hitsMax = Math.max(1, Math.floor(this.next() / shrinkage));
  }

  /** A page of the size last asked for cannot be had now: the next one is smaller, those after it need not be. */
  ease(): void {
    this.#lastHits = this.next() / shrinkage / growth;
  }
}
