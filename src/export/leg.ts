import pLimit from 'p-limit';
import type { Left } from '../archive/ledger.ts';
import { toldOf } from '../errors.ts';
import type { PlannedSlot } from '../plan/decide.ts';
import type { Slot } from '../windows/slot.ts';
import { Outages } from './breaker.ts';
import type { Parts, Sources } from '../context.ts';
import { Progress } from './progress.ts';
import { type LeftSlot, noteFailure, noteLeft } from './deferred.ts';
import { processSlot, type SlotResult } from './slot.ts';
import type { Tally } from './result.ts';

/** Beyond one for each thread: so that one slot is read while the others are encoded. */
const slotsAhead = 1;

/** What the user allows. */
export interface WorkOptions {
  readonly acceptFewer: boolean;
  /** Later than so many ms after the start of the process no slot ends, as far as the last ones tell. */
  readonly timeBudgetMs: number;
}

/**
 * Works off planned slots, one more at a time than there are threads. What was tried longest ago comes first, in time order, so
 * that what one run leaves is where the next one begins. A slot that fails does not stop the others.
 */
export async function workOff(
  parts: Parts,
  sources: Sources,
  planned: readonly PlannedSlot[],
  options: WorkOptions,
): Promise<Tally> {
  const todo = planned
    .filter((one): one is PlannedSlot & Pick<Left, 'action'> => one.action !== 'none')
    .sort(byLastTry);
  const startedMs = parts.elapsed();
  const progress = new Progress(parts, todo.length, startedMs);
  const outages = new Outages();
  const done: SlotResult[] = [];
  const failed: { slot: Slot; message: string }[] = [];
  const left: LeftSlot[] = [];
  const limit = pLimit(parts.threads.concurrency + slotsAhead);
  await limit.map(todo, async (one) => {
    const begunMs = parts.elapsed();
    const isLate = begunMs + progress.longestMs > options.timeBudgetMs;
    if (isLate || outages.isOut(one.source)) {
      left.push({ slot: one.slot, action: one.action, because: isLate ? 'time' : 'source' });
      return;
    }
    try {
      const result = await processSlot(parts, sources, one, options.acceptFewer);
      outages.note(one.source);
      done.push(result);
      progress.tell(one, result);
    } catch (error) {
      outages.note(one.source, error);
      const message = toldOf(error);
      failed.push({ slot: one.slot, message });
      progress.tellFailure(one.slot, message);
      await noteFailure(parts, one.slot, error);
    }
    progress.note(parts.elapsed() - begunMs);
  });
  await noteLeft(parts, left);
  return { done, failed, left, tookMs: parts.elapsed() - startedMs };
}

function byLastTry({ triedAt: a = '' }: PlannedSlot, { triedAt: b = '' }: PlannedSlot): number {
  return a < b ? -1 : Number(a > b);
}
