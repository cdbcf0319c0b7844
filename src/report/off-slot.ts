import type { SourceRecord, Unsearched } from '../archive/ledger.ts';
import { counted, number } from '../words.ts';

/** What keeps an archive from being complete though every slot was read. */
export interface OffSlotFault {
  /** The same for the same fault, run after run. */
  readonly key: string;
  /** A clause: `2 indices are not searched`. */
  readonly what: string;
  readonly toDo: string;
  /** What it is about. */
  readonly message: string;
  /** All of it, for the log. */
  readonly sentence: string;
}

const namesMax = 10;

export function offSlotFaults(sources: readonly SourceRecord[]): OffSlotFault[] {
  return sources.flatMap((record) => [...unsearchedFault(record), ...unreadFault(record)]);
}

function unsearchedFault({ source, unsearched = [], unsearched_count: count = 0 }: SourceRecord): OffSlotFault[] {
  if (count === 0) return [];
  const message = namesOf(unsearched, count);
  return [
    {
      key: `${source}: ${message}`,
      what: `${count === 1 ? '1 index is' : `${number(count)} indices are`} not searched`,
      toDo: remedy,
      message,
      sentence: unsearchedSentence(unsearched, count),
    },
  ];
}

const remedy =
  'Open what is closed, name what is hidden, or exclude in elasticsearch-index what is left out on purpose (`messages-*,-messages-old`); then re-run.';

/** Names indices that `elasticsearch-index` covers and no search reaches. */
export function unsearchedSentence(unsearched: readonly Unsearched[], count = unsearched.length): string {
  const isOne = count === 1;
  return `elasticsearch-index covers ${isOne ? 'an index that is' : `${number(count)} indices that are`} not searched: ${namesOf(unsearched, count)}. ${remedy}`;
}

function namesOf(unsearched: readonly Unsearched[], count: number): string {
  const shown = unsearched.slice(0, namesMax).map(({ index, why }) => `${index} (${why})`);
  return `${shown.join(', ')}${count > shown.length ? ` and ${number(count - shown.length)} more` : ''}`;
}

function unreadFault({ source, last_error }: SourceRecord): OffSlotFault[] {
  if (last_error === undefined) return [];
  const { message } = last_error;
  const what = 'Messages that no slot owns could not be read';
  return [
    {
      key: `${source}: unplaced`,
      what,
      toDo: 'Fix the error below and re-run.',
      message,
      sentence: `${what}: ${message}`,
    },
  ];
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
