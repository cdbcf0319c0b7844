import { parseArgs } from 'node:util';
import { FaultError } from './faults.ts';
import { OptionError } from './options.ts';
import type { Source } from './server.ts';
import { startSource } from './server.ts';

const USAGE = `Usage: node demo/source/cli.ts [options]

Serves messages for demonstrations, tests and measurements, and prints {"url":"..."} once it is ready.

  --seed N              what everything is made up from (1)
  --from, --to DATE     the messages' timestamps lie in [from, to), UTC (2019-01-01, 2026-01-01)
  --messages N          how many there are (3000, or all mails)
  --mail PATH           serve the mails of a folder or an mbox file
  --port N              0 takes any free port (0)
  --token TEXT          the bearer token (demo-token)
  --page-size-max N     longer pages are cut (1000)
  --max-days N          longer ranges are refused (60)
  --end-exclusive       the day that end_time names does not belong to the range
  --day-offset-minutes N  days begin so much earlier than in UTC (0)
  --oddities X          how often odd messages occur; 0: never (1)
  --deletions X         how often messages are deleted; 0: never (as --oddities)
  --faults JSON         a list of faults that requests meet
  --warm                make all text first, so that no request waits for it
  --with-parent         end when standard input does
`;

const OPTIONS = {
  seed: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  messages: { type: 'string' },
  mail: { type: 'string' },
  port: { type: 'string' },
  token: { type: 'string' },
  'page-size-max': { type: 'string' },
  'max-days': { type: 'string' },
  'end-exclusive': { type: 'boolean' },
  'day-offset-minutes': { type: 'string' },
  oddities: { type: 'string' },
  deletions: { type: 'string' },
  faults: { type: 'string' },
  warm: { type: 'boolean' },
  'with-parent': { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

type StartOptions = NonNullable<Parameters<typeof startSource>[0]>;

/** Runs the source until a signal, or the end of standard input, ends it. */
async function main(args: string[]): Promise<void> {
  const values = readArgs(args);
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const source = await startSource(startOptions(values));
  endWith(source, values['with-parent'] ?? false);
  process.stdout.write(`${JSON.stringify({ url: source.url })}\n`);
}

function readArgs(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new OptionError(`${(error as Error).message.split('. ')[0]?.replace(/\.$/, '')}; see --help.`);
  }
}

function startOptions(values: ReturnType<typeof readArgs>): StartOptions {
  return definedOf({
    seed: numberOf('seed', values.seed),
    from: values.from,
    to: values.to,
    messages: numberOf('messages', values.messages),
    mail: values.mail,
    port: numberOf('port', values.port),
    token: values.token,
    pageSizeMax: numberOf('page-size-max', values['page-size-max']),
    maxDays: numberOf('max-days', values['max-days']),
    endInclusive: !values['end-exclusive'],
    dayOffsetMinutes: numberOf('day-offset-minutes', values['day-offset-minutes']),
    oddities: numberOf('oddities', values.oddities),
    deletions: numberOf('deletions', values.deletions),
    warm: values.warm,
    faults: values.faults === undefined ? undefined : faultsOf(values.faults),
  });
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new OptionError(`Option ${name} must be a number, not ${JSON.stringify(text)}.`);
}

function faultsOf(text: string): NonNullable<StartOptions['faults']> {
  try {
    return JSON.parse(text);
  } catch {
    throw new OptionError('Option faults must be a list of rules as JSON.');
  }
}

/** The members that have a value. */
function definedOf<T extends object>(object: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof definedOf<T>
  >;
}

function endWith(source: Source, withParent: boolean): void {
  const end = (): void => void source.close().then(() => process.exit(0));
  process.once('SIGTERM', end).once('SIGINT', end);
  if (withParent) process.stdin.once('end', end).once('close', end).resume();
}

/** The one sentence for what a person can put right; undefined for a defect. */
function sentenceOf(error: unknown): string | undefined {
  if (error instanceof OptionError || error instanceof FaultError) return error.message;
  if (!(error instanceof Error && 'syscall' in error && error.syscall === 'listen')) return undefined;
  return `The port cannot be listened on (${error.message}); choose another, or 0 for any.`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${sentenceOf(error) ?? (error as Error).stack}\n`);
  process.exitCode = 1;
}
