import { parseArgs } from 'node:util';
import { FaultError } from './faults.ts';
import { OptionError } from './options.ts';
import type { Source } from './server.ts';
import { startSource } from './server.ts';

const USAGE = `Usage: node demo/source/cli.ts [options]

Serves generated messages over HTTP for demos, tests and benchmarks. Prints {"url":"..."} when it is ready.

  --seed N                seed of all generated content (default: 1)
  --from, --to DATE       range of the messages' timestamps, UTC; --to is exclusive (default: 2019-01-01, 2026-01-01)
  --messages N            number of messages (default: 3000, or all emails of --mail)
  --mail PATH             serve the emails of a folder or an mbox file instead
  --port N                port; 0 picks a free one (default: 0)
  --token TEXT            required bearer token (default: demo-token)
  --page-size-max N       maximum page size; larger requests get this many (default: 1000)
  --max-days N            maximum range in days; longer requests get a 400 (default: 60)
  --end-exclusive         exclude the day of end_time if it is a date
  --day-offset-minutes N  minutes by which the source's days begin before UTC's (default: 0)
  --oddities X            frequency of late, amended and invalid messages; 0: none (default: 1)
  --deletions X           frequency of deleted messages; 0: none (default: as --oddities)
  --faults JSON           list of faults to inject, such as [{"kind":"503","times":2}]
  --warm                  generate all text before the first request
  --with-parent           stop when standard input closes
  --help                  print this text
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

/** Runs the source until a signal or the end of standard input. */
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
  throw new OptionError(`The option --${name} must be a number, not ${JSON.stringify(text)}.`);
}

function faultsOf(text: string): NonNullable<StartOptions['faults']> {
  try {
    return JSON.parse(text);
  } catch {
    throw new OptionError('The option --faults must be a JSON list of fault rules.');
  }
}

/** Returns the members that have a value. */
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

/** Returns one sentence for an error that a person can fix; undefined for a bug. */
function sentenceOf(error: unknown): string | undefined {
  if (error instanceof OptionError || error instanceof FaultError) return error.message;
  if (!(error instanceof Error && 'syscall' in error && error.syscall === 'listen')) return undefined;
  return `Cannot listen on the port (${error.message}). Choose another one, or 0 for a free one.`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${sentenceOf(error) ?? (error as Error).stack}\n`);
  process.exitCode = 1;
}
