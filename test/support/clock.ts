import type { Clock } from '../../src/io/clock.ts';

/** A clock that only advances by sleeping, with a fixed random number. Records all sleeps. */
export class TestClock implements Clock {
  readonly waits: number[] = [];
  readonly #chance: number;
  readonly #sleepers: (() => void)[] = [];
  #now = Date.UTC(2024, 6, 1);
  #isHeld = false;

  /** @param chance of [0, 1): the result of every {@link random} */
  constructor(chance = 0.5) {
    this.#chance = chance;
  }

  now(): number {
    return this.#now;
  }

  random(): number {
    return this.#chance;
  }

  async sleep(ms: number): Promise<void> {
    this.waits.push(ms);
    const until = this.#now + ms;
    if (this.#isHeld) await new Promise<void>((wake) => this.#sleepers.push(wake));
    this.#now = Math.max(this.#now, until);
  }

  /** Suspends all sleeps until {@link release}. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    for (const wake of this.#sleepers.splice(0)) wake();
  }
}
