import pLimit from 'p-limit';
import { toldOf } from '../errors.ts';
import type { Log } from '../io/ports.ts';
import { day } from '../windows/interval.ts';
import type { PlannedSlot } from '../windows/planner.ts';
import type { Slot } from '../windows/slots.ts';
import { bytes, counted, duration, number, rate } from '../words.ts';
import type { Parts, Sources } from './parts.ts';
import { type LeftSlot, noteFailure, noteLeft } from './shortfall.ts';
import { processSlot, type SlotResult } from './slot.ts';

/** So that one slot is read while another is encoded. */
const slotsAtOnceMin = 2;

/** What the user allows. */
export interface WorkOptions {
  readonly acceptFewer: boolean;
  /** Later than so many ms after the start of the process no slot ends, as far as the last ones tell. */
  readonly timeBudgetMs: number;
}

/** What a leg did. */
export interface Tally {
  readonly done: readonly SlotResult[];
  readonly failed: readonly { readonly slot: Slot; readonly message: string }[];
  /** Slots that were not begun, since time ran out. */
  readonly left: readonly Slot[];
  readonly tookMs: number;
}

/** Works off planned slots, in time order, as many at a time as there are workers. A slot that fails does not stop the others. */
export async function workOff(
  parts: Parts,
  sources: Sources,
  planned: readonly PlannedSlot[],
  options: WorkOptions,
): Promise<Tally> {
  const todo = planned.filter((one): one is PlannedSlot & LeftSlot => one.action !== 'none');
  const startedMs = parts.elapsed();
  const progress = new Progress(parts, todo.length, startedMs);
  const done: SlotResult[] = [];
  const failed: { slot: Slot; message: string }[] = [];
  const left: LeftSlot[] = [];
  const limit = pLimit(Math.max(slotsAtOnceMin, parts.threads.concurrency));
  await limit.map(todo, async (one) => {
    const begunMs = parts.elapsed();
    if (begunMs + progress.longestMs > options.timeBudgetMs) {
      left.push(one);
      return;
    }
    try {
      const result = await processSlot(parts, sources, one, options.acceptFewer);
      done.push(result);
      progress.tell(one, result);
    } catch (error) {
      const message = toldOf(error);
      failed.push({ slot: one.slot, message });
      parts.log.line(`  ${progress.step()} ${period(one.slot)}  failed: ${message}`);
      await noteFailure(parts, one.slot, error);
    }
    progress.longestMs = Math.max(progress.longestMs, parts.elapsed() - begunMs);
  });
  await noteLeft(parts, left, 'time');
  return { done, failed, left: left.map(({ slot }) => slot), tookMs: parts.elapsed() - startedMs };
}

/** `2024-06-01 to 2024-06-30`: a slot for people, its last day included. */
export function period(slot: Slot): string {
  const [first, last] = [day(slot.start), day(slot.end - 1)];
  return first === last ? first : `${first} to ${last}`;
}

/** The outputs of `export` and `run`. */
export function outputsOf(tally: Tally): Record<string, string> {
  const sum = (value: (result: SlotResult) => number) =>
    String(tally.done.reduce((total, result) => total + value(result), 0));
  return {
    archived: sum(({ added }) => added),
    open: sum(({ staged }) => staged),
    unalerted: sum(({ record }) => record.counts?.unalerted ?? 0),
    invalid: sum(({ record }) => record.counts?.invalid ?? 0),
    'objects-written': sum(({ isWritten }) => (isWritten ? 1 : 0)),
    complete: String(tally.failed.length === 0 && tally.left.length === 0),
  };
}

/** Says what a leg did, and that it stopped where time ran out. */
export function tellTally(tally: Tally, log: Log): void {
  const read = tally.done.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  const outputs = outputsOf(tally);
  log.line(
    `${counted(tally.done.length, 'slot')} in ${duration(tally.tookMs)}: ${number(Number(outputs.archived))} messages newly archived, ` +
      `${number(Number(outputs.open))} waiting for their alerts, ${counted(Number(outputs['objects-written']), 'object')} written` +
      `${read > 0 ? ` (${bytes(read)} read, ${rate(read, tally.tookMs)})` : ''}.`,
  );
  if (tally.left.length > 0) {
    log.warning(
      `Time ran out: ${counted(tally.left.length, 'slot')} left, from ${period(tally.left[0]!)} on; the next run goes on there.`,
    );
  }
}

class Progress {
  readonly #parts: Parts;
  readonly #total: number;
  readonly #startedMs: number;
  #steps = 0;
  /** Of the slots that ended, whatever their end. */
  longestMs = 0;

  constructor(parts: Parts, total: number, startedMs: number) {
    this.#parts = parts;
    this.#total = total;
    this.#startedMs = startedMs;
  }

  step(): string {
    this.#steps += 1;
    return `[${String(this.#steps).padStart(String(this.#total).length)}/${this.#total}]`;
  }

  tell({ slot, action }: PlannedSlot, { record, added, isWritten, staged }: SlotResult): void {
    const { counts } = record;
    const read =
      action === 'look-again' && record.looked_at !== undefined
        ? `looked again at what waits`
        : `${counted(counts?.read ?? 0, 'message')}, ${bytes(record.bytes_in)}`;
    const written = isWritten ? `${number(added)} archived, object of ${bytes(record.bytes_out)}` : 'nothing to write';
    const rest = [
      [staged, 'waiting'],
      [counts?.unalerted ?? 0, 'unalerted'],
      [counts?.invalid ?? 0, 'invalid'],
    ] as const;
    const details = rest.filter(([count]) => count > 0).map(([count, word]) => `, ${number(count)} ${word}`);
    this.#parts.log.line(`  ${this.step()} ${period(slot)}  ${read} → ${written}${details.join('')}${this.#left()}`);
  }

  #left(): string {
    if (this.#steps === this.#total) return '';
    const perSlotMs = (this.#parts.elapsed() - this.#startedMs) / this.#steps;
    return `; about ${duration(perSlotMs * (this.#total - this.#steps))} left`;
  }
}
