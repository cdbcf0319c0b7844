/** The most hits that an index returns in one response unless its settings allow more. */
const hitsMax = 10_000;
const firstHits = 100;
/** Bytes of one page: enough that the latency of a request does not matter. */
const targetBytes = 8 * 1024 * 1024;
/** The first messages may be unlike the next ones: a page requests at most this many times the hits of the previous page. */
const growth = 8;
const shrinkage = 4;

/** How many hits to request, so that a page has about {@link targetBytes}. */
export class PageSize {
  #hitsMin = 1;
  #hitsMax = hitsMax;
  /** The smallest size that the cluster did not allow. */
  #refused = hitsMax + 1;
  #bytes = 0;
  #hits = 0;
  #lastHits = 0;

  /** At least 1. */
  next(): number {
    const hits = this.#hits === 0 ? firstHits : (targetBytes * this.#hits) / this.#bytes;
    const fit = this.#hits === 0 ? hits : Math.min(hits, this.#lastHits * growth);
    return Math.max(1, Math.floor(Math.min(Math.max(fit, this.#hitsMin), this.#hitsMax)));
  }

  /** Learns from the bytes and the hits of a page. */
  note(bytes: number, hits: number): void {
    if (hits === 0) return;
    this.#bytes += bytes;
    this.#hits += hits;
    this.#lastHits = hits;
  }

  /** Shrinks this page and all later ones: the last size is more than the cluster allows. */
  limit(): void {
    this.#refused = this.next();
    this.#hitsMax = Math.max(1, Math.floor(this.#refused / shrinkage));
  }

  /** Shrinks the next page only: the cluster is too busy for the last size. */
  ease(): void {
    this.#lastHits = this.next() / shrinkage / growth;
    this.#hitsMin = 1;
  }

  /** Requests up to twice as many hits from now on; false if the cluster allows no more. */
  widen(): boolean {
    const size = this.next();
    const hits = Math.min(size * 2, this.#refused - 1);
    if (hits <= size) return false;
    this.#hitsMin = hits;
    this.#hitsMax = Math.max(this.#hitsMax, hits);
    return true;
  }
}
