import pLimit from 'p-limit';
import type { Deferred, LedgerRecord } from '../archive/ledger.ts';
import { eachWithin } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { codeOf, messageOf } from '../errors.ts';
import { counted } from '../format.ts';
import { instant } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';

const slotsAtOnce = 8;

/** A planned slot that was not started. */
export interface DeferredSlot extends Pick<Deferred, 'action' | 'because'> {
  readonly slot: Slot;
}

// Records failed and deferred slots in the ledger. A record that cannot be written does not end the work on other slots: the
// run is incomplete anyway.

/** Records a failed attempt in the ledger; the facts of the last successful one stay. */
export async function recordFailure(context: Context, slot: Slot, error: unknown): Promise<void> {
  const last_error = { ...currentRun(context), code: codeOf(error), message: messageOf(error) };
  await change(context, slot, ({ deferred: _, ...record }) => ({ ...record, last_error })).catch((other: unknown) => {
    context.log.warning(`The failure of slot ${slot.id} was not recorded in the ledger: ${messageOf(other)}`);
  });
}

/** Records deferred slots in the ledger, so that the next run reads them and the report says why. */
export async function recordDeferred(context: Context, slots: readonly DeferredSlot[]): Promise<void> {
  const recordOne = ({ slot, action, because }: DeferredSlot) =>
    change(context, slot, (record) => ({ ...record, deferred: { ...currentRun(context), action, because } }));
  await eachWithin(pLimit(slotsAtOnce), slots, recordOne).catch((error: unknown) => {
    context.log.warning(
      `Not all of ${counted(slots.length, 'deferred slot')} were recorded in the ledger: ${messageOf(error)}`,
    );
  });
}

/** If another run writes the record first, its state is newer and stays. */
async function change(context: Context, slot: Slot, changed: (record: LedgerRecord) => LedgerRecord): Promise<void> {
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
  await context.staging.record({ ...changed(base), revision: base.revision + 1 }, base.revision);
}

function currentRun({ now, run }: Context) {
  return { at: instant(now()), ...(run.url !== undefined && { run_url: run.url }) };
}
