import { Unavailable } from '../io/ports.ts';
import type { SourceName } from '../messages/message.ts';

/** Once a source was not to be had for so many slots in a row, each after all its attempts, the others are left. */
export const outagesMax = 3;

/** Counts, by source, the slots in a row for which it was not to be had. */
export class Breaker {
  readonly #inARow = new Map<SourceName, number>();

  /** @param error what a slot of the source failed with, where it failed */
  note(source: SourceName, error?: unknown): void {
    this.#inARow.set(source, error instanceof Unavailable ? this.#count(source) + 1 : 0);
  }

  isOut(source: SourceName): boolean {
    return this.#count(source) >= outagesMax;
  }

  #count(source: SourceName): number {
    return this.#inARow.get(source) ?? 0;
  }
}
