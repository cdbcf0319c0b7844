import pLimit from 'p-limit';
import type { Left } from '../archive/ledger.ts';
import { toldOf } from '../errors.ts';
import { type Log, Unavailable } from '../io/ports.ts';
import type { SourceName } from '../messages/message.ts';
import { day } from '../windows/interval.ts';
import type { PlannedSlot } from '../windows/planner.ts';
import type { Slot } from '../windows/slots.ts';
import { bytes, counted, duration, number, rate } from '../words.ts';
import type { Parts, Sources } from './parts.ts';
import { type LeftSlot, noteFailure, noteLeft } from './shortfall.ts';
import { processSlot, type SlotResult } from './slot.ts';

/** So that one slot is read while another is encoded. */
const slotsAtOnceMin = 2;
/** Once a source was not to be had for so many slots in a row, each after all its attempts, the others are left. */
const outagesMax = 3;

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
  /** Slots that were not begun, since time ran out or their source was not to be had. */
  readonly left: readonly LeftSlot[];
  readonly tookMs: number;
}

/** Works off planned slots, in time order, as many at a time as there are workers. A slot that fails does not stop the others. */
export async function workOff(
  parts: Parts,
  sources: Sources,
  planned: readonly PlannedSlot[],
  options: WorkOptions,
): Promise<Tally> {
  const todo = planned.filter((one): one is PlannedSlot & Pick<Left, 'action'> => one.action !== 'none');
  const startedMs = parts.elapsed();
  const progress = new Progress(parts, todo.length, startedMs);
  const outages = new Outages();
  const done: SlotResult[] = [];
  const failed: { slot: Slot; message: string }[] = [];
  const left: LeftSlot[] = [];
  const limit = pLimit(Math.max(slotsAtOnceMin, parts.threads.concurrency));
  await limit.map(todo, async (one) => {
    const begunMs = parts.elapsed();
    const isLate = begunMs + progress.longestMs > options.timeBudgetMs;
    if (isLate || outages.isOut(one.source)) {
      left.push({ slot: one.slot, action: one.action, because: isLate ? 'time' : 'source' });
      return;
    }
    try {
      const result = await processSlot(parts, sources, one, options.acceptFewer);
      outages.ended(one.source);
      done.push(result);
      progress.tell(one, result);
    } catch (error) {
      if (error instanceof Unavailable) outages.met(one.source);
      else outages.ended(one.source);
      const message = toldOf(error);
      failed.push({ slot: one.slot, message });
      parts.log.line(`  ${progress.step()} ${period(one.slot)}  failed: ${message}`);
      await noteFailure(parts, one.slot, error);
    }
    progress.longestMs = Math.max(progress.longestMs, parts.elapsed() - begunMs);
  });
  await noteLeft(parts, left);
  return { done, failed, left, tookMs: parts.elapsed() - startedMs };
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

/** Says what a leg did, and what it left. */
export function tellTally(tally: Tally, log: Log): void {
  const read = tally.done.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  const outputs = outputsOf(tally);
  log.line(
    `${counted(tally.done.length, 'slot')} in ${duration(tally.tookMs)}: ${number(Number(outputs.archived))} messages newly archived, ` +
      `${number(Number(outputs.open))} waiting for their alerts, ${counted(Number(outputs['objects-written']), 'object')} written` +
      `${read > 0 ? ` (${bytes(read)} read, ${rate(read, tally.tookMs)})` : ''}.`,
  );
  const left = Map.groupBy(tally.left, ({ because }) => because);
  for (const [because, slots] of left) {
    const which = `${counted(slots.length, 'slot')} left, from ${period(slots[0]!.slot)} on`;
    log.warning(
      because === 'source'
        ? `The source was not to be had for ${outagesMax} slots in a row: ${which}; see whether it is well, then run again.`
        : `Time ran out: ${which}; the next run goes on there.`,
    );
  }
}

/** Counts, by source, the slots in a row for which it was not to be had. */
class Outages {
  readonly #inARow = new Map<SourceName, number>();

  met(source: SourceName): void {
    this.#inARow.set(source, (this.#inARow.get(source) ?? 0) + 1);
  }

  ended(source: SourceName): void {
    this.#inARow.delete(source);
  }

  isOut(source: SourceName): boolean {
    return (this.#inARow.get(source) ?? 0) >= outagesMax;
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
