import { distinctInvalid } from '../archive/invalid.ts';
import type { ErrorCode } from '../errors.ts';
import { bytes, counted, duration, number, rate } from '../format.ts';
import type { Log } from '../io/ports.ts';
import { formatPointer } from '../messages/json/pointer.ts';
import type { Column } from '../messages/message.ts';
import type { Slot } from '../windows/slot.ts';
import { outagesMax } from './breaker.ts';
import type { DeferredSlot } from './deferred.ts';
import { period } from './progress.ts';
import type { SlotResult } from './slot.ts';

export interface FailedSlot {
  readonly slot: Slot;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface LegResult {
  readonly done: readonly SlotResult[];
  readonly failed: readonly FailedSlot[];
  /** Slots that were not started: the time budget was spent, or their source was unavailable. */
  readonly deferred: readonly DeferredSlot[];
  readonly tookMs: number;
}

/** The outputs of `export` and `run`. */
export function outputsOf({ done, failed, deferred }: LegResult): Record<string, string> {
  const sum = (value: (result: SlotResult) => number) =>
    String(done.reduce((total, result) => total + value(result), 0));
  return {
    archived: sum(({ added }) => added),
    open: sum(({ staged }) => staged),
    unalerted: sum(({ record }) => record.counts?.unalerted ?? 0),
    invalid: String(distinctInvalid(done.map(({ record }) => record)).count),
    'objects-written': sum(({ isWritten }) => (isWritten ? 1 : 0)),
    complete: String(failed.length === 0 && deferred.length === 0),
  };
}

/** Logs what a leg did and deferred, the statuses of open alerts, and declared columns without values. */
export function logResult(result: LegResult, columns: readonly Column[], log: Log): void {
  const { done, failed, deferred, tookMs } = result;
  const read = done.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  const outputs = outputsOf(result);
  const failures = failed.length > 0 ? `, ${number(failed.length)} failed` : '';
  log.line(
    `${counted(done.length, 'slot')} processed in ${duration(tookMs)}${failures}: ${counted(Number(outputs.archived), 'message')} archived, ` +
      `${number(Number(outputs.open))} pending, ${counted(Number(outputs['objects-written']), 'object')} written` +
      `${read > 0 ? ` (${bytes(read)} read, ${rate(read, tookMs)})` : ''}.`,
  );
  for (const [because, slots] of Map.groupBy(deferred, (one) => one.because))
    log.warning(
      because === 'source'
        ? `Source unavailable for ${outagesMax} consecutive slots: deferred the remaining ${number(slots.length)}. Check the service, then re-run.`
        : `Time budget spent: deferred ${counted(slots.length, 'slot')}, starting with ${period(slots[0]!.slot)}. The next run starts with them.`,
    );
  logStatuses(done, log);
  warnOfEmptyColumns(done, columns, log);
}

/** The number of statuses to list. */
const statusesShownMax = 10;

/** Shows statuses that may mean closed and are missing in closed-statuses: they keep messages from being archived. */
function logStatuses(done: readonly SlotResult[], log: Log): void {
  const counts = new Map<string, number>();
  for (const [status, count] of done.flatMap(({ openStatuses }) => [...openStatuses]))
    counts.set(status, (counts.get(status) ?? 0) + count);
  if (counts.size === 0) return;
  const shown = [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, statusesShownMax)
    .map(([status, count]) => `${status === '' ? 'none' : JSON.stringify(status)} (${counted(count, 'message')})`);
  const more = counts.size > shown.length ? ` and ${number(counts.size - shown.length)} more` : '';
  log.line(
    `Statuses of open alerts: ${shown.join(', ')}${more}. If one of them means closed, add it to closed-statuses.`,
  );
}

/** A column without any value most often has a wrong pointer or type. */
function warnOfEmptyColumns(done: readonly SlotResult[], columns: readonly Column[], log: Log): void {
  const written = done.filter(({ filled }) => filled.length > 0);
  if (written.length === 0) return;
  const rows = written.reduce((sum, { record }) => sum + record.rows, 0);
  columns.forEach(({ name, pointer, type }, n) => {
    if (written.some(({ filled }) => filled[n]! > 0)) return;
    log.warning(
      `The column ${name} is empty in all ${counted(rows, 'row')} written. Check that messages have a ${type} at ${formatPointer(pointer)}: a declared column cannot be removed.`,
    );
  });
}
