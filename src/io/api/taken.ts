import { shaBytes } from '../../archive/rows.ts';
import type { Page } from '../../messages/page.ts';

/** A page that was passed on. */
interface TakenPage {
  readonly length: number;
  readonly shas: Uint8Array;
  /** The id, or else the hash, of its first and last message. */
  readonly first: string;
  readonly last: string;
}

/** Everything received for one range so far. */
export class Taken {
  readonly #pages = new Map<number, TakenPage>();
  readonly #totals: number[] = [];
  #received = 0;
  #strays = 0;

  /** @param strays messages of the page outside the range */
  note(number: number, page: Page, strays: number): void {
    const { length } = page.messages;
    this.noteTotal(page);
    this.#received += length;
    this.#strays += strays;
    if (length === 0) return;
    const [first, last] = [identityAt(page, 0), identityAt(page, length - 1)];
    this.#pages.set(number, { length, shas: page.shas, first, last });
  }

  /** Ignores a total of 0 on a page after the last one: some servers count what remains, or the rows of the page. */
  noteTotal({ total, messages }: Page): void {
    if (total === undefined) return;
    if (total === 0 && messages.length === 0 && this.#received > 0) return;
    this.#totals.push(total);
  }

  /** The number of messages received, including duplicates. */
  get received(): number {
    return this.#received;
  }

  get strays(): number {
    return this.#strays;
  }

  get totals(): readonly number[] {
    return this.#totals;
  }

  /** The highest total of any page; undefined if none states one. */
  get promised(): number | undefined {
    return this.#totals.length === 0 ? undefined : Math.max(...new Set(this.#totals));
  }

  /** The length of the first page, which shows what the server actually returns. */
  get pageLength(): number {
    return this.#pages.get(1)?.length ?? 0;
  }

  lengthOf(number: number): number {
    return this.#pages.get(number)?.length ?? 0;
  }

  /** Returns whether a page equals the page with this number, byte for byte. */
  isSame(page: Page, number: number): boolean {
    const other = this.#pages.get(number);
    return other !== undefined && Buffer.compare(page.shas, other.shas) === 0;
  }

  /** Returns whether every message of a page was already received. */
  hasCome(page: Page): boolean {
    const come = new Set<string>();
    for (const { shas } of this.#pages.values()) for (const sha of eachSha(shas)) come.add(sha);
    return [...eachSha(page.shas)].every((sha) => come.has(sha));
  }

  /** Returns whether all totals are equal, and equal to the messages received. */
  agrees(): boolean {
    return this.#totals.length > 0 && this.#totals.every((total) => total === this.#received);
  }

  /**
   * Returns the messages on both sides of each border: the last of one page and the first of the next. Undefined if a page
   * other than the last differs in length from the first, since the positions of borders are then unknown.
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

/** The identity of a message: its id, or else its bytes. */
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
