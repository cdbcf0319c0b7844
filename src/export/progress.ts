import type { Context } from '../context.ts';
import { bytes, counted, duration, number } from '../format.ts';
import type { PlannedSlot } from '../plan/decide.ts';
import { day } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import type { SlotResult } from './slot.ts';

/** `2024-06-01 to 2024-06-30`: a slot for people, its last day included. */
export function period(slot: Slot): string {
  const [first, last] = [day(slot.start), day(slot.end - 1)];
  return first === last ? first : `${first} to ${last}`;
}

/** Says how a leg goes on, slot by slot, and what is left. */
export class Progress {
  readonly #context: Context;
  readonly #total: number;
  readonly #startedMs: number;
  #steps = 0;
  #longestMs = 0;

  constructor(context: Context, total: number, startedMs: number) {
    this.#context = context;
    this.#total = total;
    this.#startedMs = startedMs;
  }

  /** The longest of the slots that ended, whatever their end. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** A slot ended, after so long. */
  note(tookMs: number): void {
    this.#longestMs = Math.max(this.#longestMs, tookMs);
  }

  tellFailure(slot: Slot, message: string): void {
    this.#context.log.line(`  ${this.#step()} ${period(slot)}  failed: ${message}`);
  }

  tell({ slot, action }: PlannedSlot, { record, added, isWritten, staged }: SlotResult): void {
    const { counts } = record;
    const read =
      action === 're-check' && record.rechecked_at !== undefined
        ? `looked again at what waits`
        : `${counted(counts?.read ?? 0, 'message')}, ${bytes(record.bytes_in)}`;
    const written = isWritten ? `${number(added)} archived, object of ${bytes(record.bytes_out)}` : 'nothing to write';
    const rest = [
      [staged, 'waiting'],
      [counts?.unalerted ?? 0, 'unalerted'],
      [counts?.invalid ?? 0, 'invalid'],
    ] as const;
    const details = rest.filter(([count]) => count > 0).map(([count, word]) => `, ${number(count)} ${word}`);
    this.#context.log.line(`  ${this.#step()} ${period(slot)}  ${read} → ${written}${details.join('')}${this.#left()}`);
  }

  #step(): string {
    this.#steps += 1;
    return `[${String(this.#steps).padStart(String(this.#total).length)}/${this.#total}]`;
  }

  #left(): string {
    if (this.#steps === this.#total) return '';
    const perSlotMs = (this.#context.elapsed() - this.#startedMs) / this.#steps;
    return `; about ${duration(perSlotMs * (this.#total - this.#steps))} left`;
  }
}
