import pLimit from 'p-limit';
import type { Deferred } from '../archive/ledger.ts';
import type { Context, Sources } from '../context.ts';
import { toldOf } from '../errors.ts';
import type { PlannedSlot } from '../plan/decide.ts';
import type { Slot } from '../windows/slot.ts';
import { Breaker } from './breaker.ts';
import { type DeferredSlot, noteDeferred, noteFailure } from './deferred.ts';
import { Progress } from './progress.ts';
import type { Tally } from './result.ts';
import { processSlot, type SlotResult } from './slot.ts';

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
  context: Context,
  sources: Sources,
  planned: readonly PlannedSlot[],
  options: WorkOptions,
): Promise<Tally> {
  const todo = planned
    .filter((one): one is PlannedSlot & Pick<Deferred, 'action'> => one.action !== 'none')
    .sort(byLastTry);
  const startedMs = context.elapsed();
  const progress = new Progress(context, todo.length, startedMs);
  const breaker = new Breaker();
  const done: SlotResult[] = [];
  const failed: { slot: Slot; message: string }[] = [];
  const deferred: DeferredSlot[] = [];
  const limit = pLimit(context.threads.concurrency + slotsAhead);
  await limit.map(todo, async (one) => {
    const begunMs = context.elapsed();
    const isLate = begunMs + progress.longestMs > options.timeBudgetMs;
    if (isLate || breaker.isOut(one.source)) {
      deferred.push({ slot: one.slot, action: one.action, because: isLate ? 'time' : 'source' });
      return;
    }
    try {
      const result = await processSlot(context, sources, one, options.acceptFewer);
      breaker.note(one.source);
      done.push(result);
      progress.tell(one, result);
    } catch (error) {
      breaker.note(one.source, error);
      const message = toldOf(error);
      failed.push({ slot: one.slot, message });
      progress.tellFailure(one.slot, message);
      await noteFailure(context, one.slot, error);
    }
    progress.note(context.elapsed() - begunMs);
  });
  await noteDeferred(context, deferred);
  return { done, failed, deferred, tookMs: context.elapsed() - startedMs };
}

function byLastTry({ triedAt: a = '' }: PlannedSlot, { triedAt: b = '' }: PlannedSlot): number {
  return a < b ? -1 : Number(a > b);
}
