import type { SourceRecord, Unsearched } from '../archive/ledger.ts';
import { counted, number } from '../format.ts';
import type { SourceName } from '../messages/message.ts';
import { type Fault, faultOf, faultText } from './faults.ts';

const namesMax = 10;

/** Returns the faults of sources that concern no slot. */
export function offSlotFaults(sources: readonly SourceRecord[]): Fault[] {
  return sources.flatMap((record) => [...unsearchedFault(record), ...unreadFault(record)]);
}

function unsearchedFault({ source, unsearched = [], unsearched_count: count = 0 }: Partial<SourceRecord>): Fault[] {
  const facts = { count, ...(source !== undefined && { settled: source }) };
  return count === 0 ? [] : [faultOf('unsearched', facts, detailsOf(unsearched, count))];
}

/** Returns an error about indices that the source's input covers but no search reaches; empty if there are none. */
export function unsearchedSentence(source: SourceName, unsearched: readonly Unsearched[]): string {
  return unsearchedFault({ source, unsearched, unsearched_count: unsearched.length }).map(faultText).join('');
}

function detailsOf(unsearched: readonly Unsearched[], count: number): string[] {
  const shown = unsearched.slice(0, namesMax).map(({ index, why }) => `${index} (${why})`);
  return count > shown.length ? [...shown, `and ${number(count - shown.length)} more`] : shown;
}

function unreadFault({ last_error }: SourceRecord): Fault[] {
  if (last_error === undefined) return [];
  const code = last_error.code;
  return [{ ...faultOf('unplaced', { count: 1 }, [last_error.message]), ...(code !== undefined && { code }) }];
}

/** Returns lines for the summary, in Markdown. */
export function offSlotLines(sources: readonly SourceRecord[]): string[] {
  return sources.flatMap(({ unplaced, outside = 0 }) => [
    ...(unplaced !== undefined && unplaced.count > 0
      ? [
          `**${number(unplaced.count)} in no slot**, in quarantine: ${unplaced.reasons.map(({ reason, count }) => `${reason} (${number(count)})`).join(', ')}`,
        ]
      : []),
    ...(outside > 0 ? [`${counted(outside, 'message')} outside the range of this run`] : []),
  ]);
}
