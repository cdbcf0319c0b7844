import { shaBytes } from '../../archive/rows.ts';
import type { Page } from '../../messages/page.ts';

/** A page that was handed over. */
interface TakenPage {
  readonly length: number;
  readonly shas: Uint8Array;
  /** Of its first and last message: the id, else the hash. */
  readonly first: string;
  readonly last: string;
}

/** What came of one range so far. */
export class Taken {
  readonly #pages = new Map<number, TakenPage>();
  readonly #totals: number[] = [];
  #received = 0;
  #strays = 0;

  /** @param strays messages of the page that lie outside of the range */
  note(number: number, page: Page, strays: number): void {
    const { length } = page.messages;
    this.noteTotal(page);
    this.#received += length;
    this.#strays += strays;
    if (length === 0) return;
    const [first, last] = [identityAt(page, 0), identityAt(page, length - 1)];
    this.#pages.set(number, { length, shas: page.shas, first, last });
  }

  /** A page behind the last one may have no total, or 0: servers count what is left, or the rows of the page. */
  noteTotal({ total, messages }: Page): void {
    if (total === undefined) return;
    if (total === 0 && messages.length === 0 && this.#received > 0) return;
    this.#totals.push(total);
  }

  /** Messages that came, each time that they came. */
  get received(): number {
    return this.#received;
  }

  get strays(): number {
    return this.#strays;
  }

  get totals(): readonly number[] {
    return this.#totals;
  }

  /** The most that any page promises; undefined where none gives a total. */
  get promised(): number | undefined {
    return this.#totals.length === 0 ? undefined : Math.max(...new Set(this.#totals));
  }

  /** Of the first page, which shows what the server really gives. */
  get pageLength(): number {
    return this.#pages.get(1)?.length ?? 0;
  }

  lengthOf(number: number): number {
    return this.#pages.get(number)?.length ?? 0;
  }

  /** Whether a page is byte by byte the one of this number. */
  isSame(page: Page, number: number): boolean {
    const other = this.#pages.get(number);
    return other !== undefined && Buffer.compare(page.shas, other.shas) === 0;
  }

  /** Whether every message of a page came on another one. */
  hasCome(page: Page): boolean {
    const come = new Set<string>();
    for (const { shas } of this.#pages.values()) for (const sha of eachSha(shas)) come.add(sha);
    return [...eachSha(page.shas)].every((sha) => come.has(sha));
  }

  /** Whether all totals are the same, and as many messages came. */
  agrees(): boolean {
    return this.#totals.length > 0 && this.#totals.every((total) => total === this.#received);
  }

  /**
   * The messages on both sides of each border between pages: what stood last on one, and first on the next. Undefined where
   * pages but the last have other lengths than the first, so that nobody knows at which position a border lies.
   */
  borders(): { readonly position: number; readonly last: string; readonly first: string }[] | undefined {
    const borders = [];
    for (let number = 1; number < this.#pages.size; number += 1) {
      const [before, after] = [this.#pages.get(number), this.#pages.get(number + 1)];
      if (before === undefined || after === undefined || before.length !== this.pageLength) return undefined;
      borders.push({ position: number * before.length, last: before.last, first: after.first });
    }
    return borders;
  }
}

/** By which a message is told from others: its id, and where it has none its bytes. */
export function identityAt({ messages, shas }: Page, at: number): string {
  const id = messages[at]?.id;
  return id === undefined ? `sha ${shaAt(shas, at)}` : `id ${id}`;
}

function shaAt(shas: Uint8Array, at: number): string {
  return Buffer.from(shas.subarray(at * shaBytes, (at + 1) * shaBytes)).toString('base64');
}

function* eachSha(shas: Uint8Array): Generator<string> {
  for (let at = 0; at * shaBytes < shas.length; at += 1) yield shaAt(shas, at);
}
