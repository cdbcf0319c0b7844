import type { LedgerRecord } from '../archive/ledger.ts';
import type { PlanOutput, Reason } from '../plan/decide.ts';
import { latest } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';

/** State of a planned slot after the legs. */
export interface SlotStatus {
  readonly slot: string;
  readonly status: 'done' | 'failed' | 'not read';
  readonly record: LedgerRecord | undefined;
}

/** Reasons to read a slot that no longer apply once it is settled, whichever run read it. */
const untilSettled: ReadonlySet<Reason> = new Set(['new', 'no-longer-live', 'failed', 'deferred']);

/**
 * Compares the plan with the ledger. A slot is done if it was read since the plan was made, or settled by another run that
 * started earlier.
 */
export function statusOf(
  plan: PlanOutput,
  ledger: ReadonlyMap<string, LedgerRecord>,
  isSettled: (record: LedgerRecord) => boolean,
): SlotStatus[] {
  return plan.slots.map(([slot, action, reason]) => {
    const record = ledger.get(slot);
    if (record?.last_error !== undefined && record.last_error.at >= plan.planned_at)
      return { slot, status: 'failed', record };
    const read = action === 're-check' ? latest(record?.read_at, record?.rechecked_at) : record?.read_at;
    const isDone =
      (read !== undefined && read >= plan.planned_at) ||
      (untilSettled.has(reason) && record !== undefined && isUpToDate(record) && isSettled(record));
    return { slot, status: isDone ? 'done' : 'not read', record };
  });
}

function isUpToDate({ last_error, deferred }: LedgerRecord): boolean {
  return last_error === undefined && deferred === undefined;
}

/** Returns true if slots were read and none ever held a message: then the query is probably wrong. */
export function neverHeldAny(ledger: readonly LedgerRecord[]): boolean {
  const read = ledger.filter(({ counts }) => counts !== undefined);
  return read.length > 0 && read.every(({ counts, outside }) => counts!.read + outside === 0);
}

/** Returns the slots without messages between slots with some: often a gap in the source. */
export function emptyBetween(slots: readonly Slot[], ledger: ReadonlyMap<string, LedgerRecord>): Slot[] {
  const held = (slot: Slot) => ledger.get(slot.id)?.counts?.read ?? 0;
  const first = slots.findIndex((slot) => held(slot) > 0);
  const last = slots.findLastIndex((slot) => held(slot) > 0);
  return slots.slice(first + 1, Math.max(0, last)).filter((slot) => ledger.get(slot.id)?.counts?.read === 0);
}
