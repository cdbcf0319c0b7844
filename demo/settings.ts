import { inputDefaults } from '../src/inputs/defaults.ts';
import { DEFAULT_TOKEN } from './source/options.ts';

/** One run of the action: its `as-of` instant, and its heading. */
export interface Run {
  readonly asOf: string;
  readonly title: string;
}

/** Start of the archive's range and of the messages' timestamps. */
const from = '2019-01-01T00:00:00Z';
const end = '2027-01-01T00:00:00Z';

export const runs: readonly Run[] = [
  { asOf: '2026-01-01T00:00:00Z', title: 'first run, over seven years' },
  { asOf: '2026-01-08T00:00:00Z', title: 'a week later' },
  { asOf: end, title: 'a year later' },
  { asOf: end, title: 'the same run again' },
];

/** Few, to keep the demo short: a real history of seven years has a thousand times as many. */
const generatedMessages = 2_800;

/** Late, amended and invalid messages are as frequent as by default. */
const oddities = 1;

/** With this seed some messages arrive late in settled slots, which the audit finds. */
const seed = 6;

/**
 * Command line of the source, whose messages cover the runs' whole range. None is deleted: a slot that shrinks fails until a
 * person has looked into it, which would end the demo.
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

/** Days for which a slot stays live. */
export const recentDays = 60;

/** The default layout: 60-day windows, split by month. */
export const layout = { windowDays: 60, partitionBy: 'month' } as const;

const columns = ['channel: /channel string', 'subject: /subject string', 'risk_score: /risk_score double'];

/** Inputs that describe the archive. */
export function archiveInputs(archive: string, staging: string): Record<string, string> {
  return {
    archive: `file:${archive}`,
    staging: `sqlite:${staging}`,
    'window-days': String(layout.windowDays),
    'partition-by': layout.partitionBy,
    columns: columns.join('\n'),
  };
}

/** Inputs that describe the source. */
export function sourceInputs(apiUrl: string): Record<string, string> {
  return { from, 'recent-days': String(recentDays), 'api-url': apiUrl, 'api-token': DEFAULT_TOKEN, concurrency: '1' };
}

/** Inputs that set the clock of a command and of the source's responses. */
export function clockInputs(asOf: string): Record<string, string> {
  return { 'as-of': asOf, 'api-query': `${inputDefaults['api-query']}&as_of=${asOf}` };
}
