import type { Context } from '../context.ts';
import { bytes, counted, duration, number } from '../format.ts';
import type { PlannedSlot } from '../plan/decide.ts';
import { day } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import type { SlotResult } from './slot.ts';

/** A slot's first and last day: `2024-06-01 to 2024-06-30`, or `2024-06-01`. */
export function period(slot: Slot): string {
  const [first, last] = [day(slot.start), day(slot.end - 1)];
  return first === last ? first : `${first} to ${last}`;
}

/** Logs the progress of a leg: one line for each slot, with the estimated time left. */
export class Progress {
  readonly #context: Context;
  readonly #total: number;
  readonly #startedMs: number;
  #steps = 0;
  #longestMs = 0;

  constructor(context: Context, total: number) {
    this.#context = context;
    this.#total = total;
    this.#startedMs = context.elapsed();
  }

  /** The longest duration of a slot, successful or not, in ms. */
  get longestMs(): number {
    return this.#longestMs;
  }

  noteDuration(ms: number): void {
    this.#longestMs = Math.max(this.#longestMs, ms);
  }

  logFailed(slot: Slot, message: string): void {
    this.#context.log.line(`  ${this.#step()} ${period(slot)}  failed: ${message}`);
  }

  logDone({ slot, action, staged: before }: PlannedSlot, { record, added, isWritten, staged }: SlotResult): void {
    const { counts } = record;
    const isRecheck = action === 're-check' && record.rechecked_at !== undefined;
    const read = isRecheck
      ? `${counted(before, 'pending message')} re-checked`
      : `${counted(counts?.read ?? 0, 'message')}, ${bytes(record.bytes_in)}`;
    const written = isWritten ? `${number(added)} archived, ${bytes(record.bytes_out)} object` : 'nothing new';
    const rest = [
      [staged, 'pending'],
      [isRecheck ? 0 : (counts?.unalerted ?? 0), 'without alerts'],
      [isRecheck ? 0 : (counts?.invalid ?? 0), 'invalid'],
    ] as const;
    const details = rest.filter(([count]) => count > 0).map(([count, what]) => `, ${number(count)} ${what}`);
    this.#context.log.line(
      `  ${this.#step()} ${period(slot)}  ${read} → ${written}${details.join('')}${this.#timeLeft()}`,
    );
  }

  #step(): string {
    this.#steps += 1;
    return `[${String(this.#steps).padStart(String(this.#total).length)}/${this.#total}]`;
  }

  #timeLeft(): string {
    if (this.#steps === this.#total) return '';
    const perSlotMs = (this.#context.elapsed() - this.#startedMs) / this.#steps;
    return `; about ${duration(perSlotMs * (this.#total - this.#steps))} left`;
  }
}
