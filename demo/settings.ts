import { inputDefaults } from '../src/inputs/defaults.ts';
import { DEFAULT_TOKEN } from './source/options.ts';

/** One run of the action: the instant that it takes for now, and what that is in the demo's story. */
export interface Run {
  readonly asOf: string;
  readonly title: string;
}

/** The messages' timestamps begin here; the archive's range does too. */
const from = '2019-01-01T00:00:00Z';
const end = '2027-01-01T00:00:00Z';

export const runs: readonly Run[] = [
  { asOf: '2026-01-01T00:00:00Z', title: 'the first run, over seven years' },
  { asOf: '2026-01-08T00:00:00Z', title: 'a week later' },
  { asOf: end, title: 'a year later' },
  { asOf: end, title: 'once more, at the same instant' },
];

/** Thinned: a real history of seven years has a thousand times as many. */
const generatedMessages = 2_800;

/** So often as usual messages come late, are amended, or cannot be read: few messages are to show all that happens. */
const oddities = 1;

/** One with which messages come late to settled slots, so that the audit has something to find. */
const seed = 6;

/**
 * How the source is started: its messages lie in all the time that the runs look at. None is deleted: a slot that shrinks
 * is refused until a person has looked into it, which would be the end of the demo.
 */
export function sourceArguments(mail: string | undefined): string[] {
  const text = mail === undefined ? ['--messages', String(generatedMessages)] : ['--mail', mail];
  return [
    '--seed',
    String(seed),
    '--from',
    from,
    '--to',
    end,
    '--oddities',
    String(oddities),
    '--deletions',
    '0',
    ...text,
  ];
}

/** Days for which the alerts of a slot may still move. */
export const recentDays = 60;

/** The usual layout: a leg for each 60 days, and an object for each month within them. */
export const layout = { windowDays: 60, partitionBy: 'month' } as const;

const columns = ['channel: /channel string', 'subject: /subject string', 'risk_score: /risk_score double'];

/** The inputs that say what archive it is. */
export function archiveInputs(archive: string, staging: string): Record<string, string> {
  return {
    archive: `file:${archive}`,
    staging: `sqlite:${staging}`,
    'window-days': String(layout.windowDays),
    'partition-by': layout.partitionBy,
    columns: columns.join('\n'),
  };
}

/** The inputs that say what is read. */
export function sourceInputs(apiUrl: string): Record<string, string> {
  return { from, 'recent-days': String(recentDays), 'api-url': apiUrl, 'api-token': DEFAULT_TOKEN, concurrency: '1' };
}

/** The inputs that set the clock of a command, and of what the source shows it. */
export function clockInputs(asOf: string): Record<string, string> {
  return { 'as-of': asOf, 'api-query': `${inputDefaults['api-query']}&as_of=${asOf}` };
}
