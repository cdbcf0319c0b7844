import pLimit from 'p-limit';
import type { Deferred, LedgerRecord } from '../archive/ledger.ts';
import { eachWithin } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { messageOf } from '../errors.ts';
import { counted } from '../format.ts';
import { instant } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';

const slotsAtOnce = 8;

/** A slot that a plan asked for and that was not begun. */
export interface DeferredSlot extends Pick<Deferred, 'action' | 'because'> {
  readonly slot: Slot;
}

// What the ledger is told of slots that were not brought up to date. One that cannot be written is no reason to end the
// work on others: the run is incomplete anyway.

/** Leaves a failed attempt in the ledger, beside what the last good one knew. */
export async function noteFailure(context: Context, slot: Slot, error: unknown): Promise<void> {
  const last_error = { ...momentOf(context), message: messageOf(error) };
  await note(context, slot, ({ deferred: _, ...record }) => ({ ...record, last_error })).catch((other: unknown) => {
    context.log.warning(`The failure of slot ${slot.id} is not in the ledger: ${messageOf(other)}`);
  });
}

/** Leaves in the ledger that slots wait for the next run, so that it reads them and people are told why. */
export async function noteDeferred(context: Context, slots: readonly DeferredSlot[]): Promise<void> {
  const noteOne = ({ slot, action, because }: DeferredSlot) =>
    note(context, slot, (record) => ({ ...record, deferred: { ...momentOf(context), action, because } }));
  await eachWithin(pLimit(slotsAtOnce), slots, noteOne).catch((error: unknown) => {
    context.log.warning(`That ${counted(slots.length, 'slot')} are left is not in the ledger: ${messageOf(error)}`);
  });
}

/** Where another writer comes first, what it did with the slot is newer, and stays. */
async function note(context: Context, slot: Slot, change: (record: LedgerRecord) => LedgerRecord): Promise<void> {
  const { record } = await context.staging.slot(slot);
  const base: LedgerRecord = record ?? {
    slot: slot.id,
    revision: 0,
    outside: 0,
    rows: 0,
    bytes_in: 0,
    bytes_out: 0,
    took_ms: 0,
  };
  await context.staging.record({ ...change(base), revision: base.revision + 1 }, base.revision);
}

function momentOf({ now, run }: Context) {
  return { at: instant(now()), ...(run.url !== undefined && { run_url: run.url }) };
}
