import { distinctInvalid } from '../archive/invalid.ts';
import { bytes, counted, duration, number, rate } from '../format.ts';
import type { Log } from '../io/ports.ts';
import { formatPointer } from '../messages/json/pointer.ts';
import type { Column } from '../messages/message.ts';
import type { Slot } from '../windows/slot.ts';
import { outagesMax } from './breaker.ts';
import type { DeferredSlot } from './deferred.ts';
import { period } from './progress.ts';
import type { SlotResult } from './slot.ts';

/** What a leg did. */
export interface Tally {
  readonly done: readonly SlotResult[];
  readonly failed: readonly { readonly slot: Slot; readonly message: string }[];
  /** Slots that were not begun, since time ran out or their source was not to be had. */
  readonly deferred: readonly DeferredSlot[];
  readonly tookMs: number;
}

/** The outputs of `export` and `run`. */
export function outputsOf(tally: Tally): Record<string, string> {
  const sum = (value: (result: SlotResult) => number) =>
    String(tally.done.reduce((total, result) => total + value(result), 0));
  return {
    archived: sum(({ added }) => added),
    open: sum(({ staged }) => staged),
    unalerted: sum(({ record }) => record.counts?.unalerted ?? 0),
    invalid: String(distinctInvalid(tally.done.map(({ record }) => record)).count),
    'objects-written': sum(({ isWritten }) => (isWritten ? 1 : 0)),
    complete: String(tally.failed.length === 0 && tally.deferred.length === 0),
  };
}

/** Says what a leg did, what it left, and which declared columns found nothing. */
export function tellTally(tally: Tally, columns: readonly Column[], log: Log): void {
  const read = tally.done.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  const outputs = outputsOf(tally);
  log.line(
    `${counted(tally.done.length, 'slot')} in ${duration(tally.tookMs)}: ${counted(Number(outputs.archived), 'message')} newly archived, ` +
      `${number(Number(outputs.open))} waiting for their alerts, ${counted(Number(outputs['objects-written']), 'object')} written` +
      `${read > 0 ? ` (${bytes(read)} read, ${rate(read, tally.tookMs)})` : ''}.`,
  );
  const left = Map.groupBy(tally.deferred, ({ because }) => because);
  for (const [because, slots] of left) {
    const which = `${counted(slots.length, 'slot')} left, ${period(slots[0]!.slot)} first`;
    log.warning(
      because === 'source'
        ? `The source was not to be had for ${outagesMax} slots in a row: ${which}; see whether it is well, then run again.`
        : `Time ran out: ${which}; the next run begins there.`,
    );
  }
  tellStatuses(tally, log);
  tellEmptyColumns(tally, columns, log);
}

/** Statuses that are named. */
const statusesShownMax = 10;

/** A status that stands for closed and is not one of closed-statuses keeps messages from being archived: here it is seen. */
function tellStatuses({ done }: Tally, log: Log): void {
  const counts = new Map<string, number>();
  for (const [status, count] of done.flatMap(({ openStatuses }) => [...openStatuses]))
    counts.set(status, (counts.get(status) ?? 0) + count);
  if (counts.size === 0) return;
  const shown = [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, statusesShownMax)
    .map(([status, count]) => `${status === '' ? 'none' : JSON.stringify(status)} (${counted(count, 'message')})`);
  const more = counts.size > shown.length ? `, and ${number(counts.size - shown.length)} more` : '';
  log.line(`Statuses of open alerts: ${shown.join(', ')}${more}. See closed-statuses if one of them means closed.`);
}

/** A column of which no row has a value is most often one whose pointer or type is wrong. */
function tellEmptyColumns({ done }: Tally, columns: readonly Column[], log: Log): void {
  const written = done.filter(({ filled }) => filled.length > 0);
  if (written.length === 0) return;
  const rows = written.reduce((sum, { record }) => sum + record.rows, 0);
  columns.forEach(({ name, pointer, type }, n) => {
    if (written.some(({ filled }) => filled[n]! > 0)) return;
    log.warning(
      `The column ${name} is empty in all ${counted(rows, 'row')} that were written: see that messages have a ${type} at ${formatPointer(pointer)}, since a column stays once it is declared.`,
    );
  });
}
