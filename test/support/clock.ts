import type { Clock } from '../../src/io/clock.ts';

/** A clock that moves only when somebody sleeps, and a chance that is told. What was slept is kept. */
export class TestClock implements Clock {
  readonly waits: number[] = [];
  readonly #chance: number;
  readonly #sleepers: (() => void)[] = [];
  #now = Date.UTC(2024, 6, 1);
  #isHeld = false;

  /** @param chance of [0, 1): what every {@link random} gives */
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

  /** From now on nobody wakes. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    for (const wake of this.#sleepers.splice(0)) wake();
  }
}
