import pLimit from 'p-limit';
import type { Deferred } from '../archive/ledger.ts';
import type { Context, Sources } from '../context.ts';
import { codeOf, sentenceOf } from '../errors.ts';
import type { PlannedSlot } from '../plan/decide.ts';
import { Breaker } from './breaker.ts';
import { type DeferredSlot, recordDeferred, recordFailure } from './deferred.ts';
import { Progress } from './progress.ts';
import type { FailedSlot, LegResult } from './result.ts';
import { processSlot, type SlotResult } from './slot.ts';

/** Slots in progress beyond one for each thread, so that one is read while others are encoded. */
const slotsAhead = 1;

export interface LegOptions {
  readonly acceptFewer: boolean;
  /** In ms since the process started. A slot is not started if it is expected to end later. */
  readonly timeBudgetMs: number;
}

/**
 * Processes planned slots, one more at a time than there are threads. Slots whose last attempt is oldest come first, so that
 * the next run starts with those that this one defers. A slot that fails does not stop the others.
 */
export async function processLeg(
  context: Context,
  sources: Sources,
  planned: readonly PlannedSlot[],
  options: LegOptions,
): Promise<LegResult> {
  const todo = planned
    .filter((one): one is PlannedSlot & Pick<Deferred, 'action'> => one.action !== 'none')
    .sort(byLastAttempt);
  const startedMs = context.elapsed();
  const progress = new Progress(context, todo.length);
  const breaker = new Breaker();
  const done: SlotResult[] = [];
  const failed: FailedSlot[] = [];
  const deferred: DeferredSlot[] = [];
  const limit = pLimit(context.threads.concurrency + slotsAhead);
  await limit.map(todo, async (one) => {
    const slotStartedMs = context.elapsed();
    const isLate = slotStartedMs + progress.longestMs > options.timeBudgetMs;
    if (isLate || breaker.isOpen(one.source)) {
      deferred.push({ slot: one.slot, action: one.action, because: isLate ? 'time' : 'source' });
      return;
    }
    try {
      const result = await processSlot(context, sources, one, options.acceptFewer);
      breaker.note(one.source);
      done.push(result);
      progress.logDone(one, result);
    } catch (error) {
      breaker.note(one.source, error);
      const message = sentenceOf(error);
      failed.push({ slot: one.slot, code: codeOf(error), message });
      progress.logFailed(one.slot, message);
      await recordFailure(context, one.slot, error);
    }
    progress.noteDuration(context.elapsed() - slotStartedMs);
  });
  await recordDeferred(context, deferred);
  return { done, failed, deferred, tookMs: context.elapsed() - startedMs };
}

function byLastAttempt({ triedAt: a = '' }: PlannedSlot, { triedAt: b = '' }: PlannedSlot): number {
  return a < b ? -1 : Number(a > b);
}
