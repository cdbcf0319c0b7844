import type { SourceRecord, Unsearched } from '../archive/ledger.ts';
import { counted, number } from '../format.ts';
import { type Fault, faultText } from './faults.ts';

const namesMax = 10;

/** What keeps an archive from being complete though every slot was read: what a source holds beside its slots. */
export function offSlotFaults(sources: readonly SourceRecord[]): Fault[] {
  return sources.flatMap((record) => [...unsearchedFault(record), ...unreadFault(record)]);
}

function unsearchedFault({ unsearched = [], unsearched_count: count = 0 }: Partial<SourceRecord>): Fault[] {
  if (count === 0) return [];
  const what = `elasticsearch-index covers ${count === 1 ? 'an index that is' : `${number(count)} indices that are`} not searched`;
  return [{ kind: 'unsearched', what, details: detailsOf(unsearched, count), toDo: remedy }];
}

const remedy =
  'Open what is closed, name what is hidden, or exclude in elasticsearch-index what is left out on purpose (`messages-*,-messages-old`); then re-run.';

/** Names indices that `elasticsearch-index` covers and no search reaches. */
export function unsearchedSentence(unsearched: readonly Unsearched[]): string {
  return unsearchedFault({ unsearched, unsearched_count: unsearched.length }).map(faultText).join('');
}

function detailsOf(unsearched: readonly Unsearched[], count: number): string[] {
  const shown = unsearched.slice(0, namesMax).map(({ index, why }) => `${index} (${why})`);
  return count > shown.length ? [...shown, `and ${number(count - shown.length)} more`] : shown;
}

function unreadFault({ last_error }: SourceRecord): Fault[] {
  if (last_error === undefined) return [];
  const what = 'Messages that no slot owns could not be read';
  return [{ kind: 'unplaced', what, details: [last_error.message], toDo: 'Fix the error and re-run.' }];
}

/** Lines for the summary, in Markdown. */
export function offSlotLines(sources: readonly SourceRecord[]): string[] {
  return sources.flatMap(({ unplaced, outside = 0 }) => [
    ...(unplaced !== undefined && unplaced.count > 0
      ? [
          `**${number(unplaced.count)} in no slot**, in quarantine: ${unplaced.reasons.map(({ reason, count }) => `${reason} (${number(count)})`).join(', ')}`,
        ]
      : []),
    ...(outside > 0 ? [`${counted(outside, 'message')} before and after the range of this run`] : []),
  ]);
}
