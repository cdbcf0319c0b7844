import { Unavailable } from '../io/ports.ts';
import type { SourceName } from '../messages/message.ts';

/** After so many consecutive slots for which a source was unavailable, after all retries, its remaining slots are deferred. */
export const outagesMax = 3;

/** Counts, by source, the consecutive slots for which it was unavailable. */
export class Breaker {
  readonly #consecutive = new Map<SourceName, number>();

  /** @param error what processing a slot of the source failed with; undefined if it succeeded */
  note(source: SourceName, error?: unknown): void {
    this.#consecutive.set(source, error instanceof Unavailable ? this.#count(source) + 1 : 0);
  }

  isOpen(source: SourceName): boolean {
    return this.#count(source) >= outagesMax;
  }

  #count(source: SourceName): number {
    return this.#consecutive.get(source) ?? 0;
  }
}
