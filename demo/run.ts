import { parseArgs } from 'node:util';
import { bytes, counted, duration, names, number } from '../src/commands/words.ts';
import { Action } from './action.ts';
import { DemoFailure } from './failure.ts';
import { places, prepareFolder } from './folder.ts';
import { Queries } from './queries.ts';
import { type RunDone, rehearse } from './rehearsal.ts';
import { Screen } from './screen.ts';
import { commonInputs, layout, recentDays, runs, sourceArguments } from './settings.ts';
import { SourceProcess } from './source-process.ts';
import { type Comparison, compare, expectation, isSame, type Look } from './truth.ts';

const usage = `Usage: npm run demo [-- --mail <folder or mbox file>]

Archives seven years of messages, then what a week and a year bring, and queries the result.

  --mail PATH   archive these mails instead of made-up text: a file each in a folder, or an mbox file
`;

const screen = new Screen();
const abort = new AbortController();

try {
  const { mail, help } = readArguments();
  if (help) process.stdout.write(usage);
  else await main(mail);
} catch (error) {
  abort.abort();
  if (error instanceof DemoFailure) screen.failure(error.message, error.output);
  else screen.failure(`A defect of the demo: ${error instanceof Error ? error.stack : String(error)}`, '');
  process.exitCode = 1;
}

function readArguments(): { mail?: string; help?: boolean } {
  try {
    return parseArgs({ options: { mail: { type: 'string' }, help: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new DemoFailure(`${(error as Error).message.split('. ')[0]}; see --help.`);
  }
}

async function main(mail: string | undefined): Promise<void> {
  const startedMs = performance.now();
  await prepareFolder();
  const source = await SourceProcess.start(sourceArguments(mail));
  try {
    const action = new Action(commonInputs(source.url, places.archive, places.staging), places.runner, abort.signal);
    introduce(source, mail);
    const done = await rehearseAll(action, source);
    await ask(source, done);
    takeLeave(done, performance.now() - startedMs);
  } finally {
    source.close();
  }
}

function introduce(source: SourceProcess, mail: string | undefined): void {
  screen.line(
    `The source     ${mail === undefined ? 'made-up mails and chats' : `the mails of ${mail}`}, at ${source.url}`,
  );
  screen.line(`The archive    ${places.archive}, one Parquet file for each slot: a month, cut where a window ends`);
  screen.line(`The staging    ${places.staging}, where messages wait until all their alerts are closed`);
  screen.line('The action     node dist/index.js, a process for each step, told all in INPUT_* as on GitHub');
}

async function rehearseAll(action: Action, source: SourceProcess): Promise<RunDone[]> {
  const done: RunDone[] = [];
  for (const [n, run] of runs.entries()) {
    done.push(await rehearse(run, `run-${n + 1}`, done.at(-1), { action, source, screen }));
  }
  const { objectsWritten, archived, legs } = done.at(-1)!.legs;
  if (objectsWritten + archived > 0) {
    throw new DemoFailure(`The last run wrote ${counted(objectsWritten, 'object')}, though nothing had changed since.`);
  }
  screen.line(
    `  again    ${counted(legs, 'leg')} looked, and wrote nothing: any number of runs leads to the same archive`,
  );
  return done;
}

/** Lets DuckDB read the archive, and holds it against the source. */
async function ask(source: SourceProcess, done: readonly RunDone[]): Promise<void> {
  screen.heading('What DuckDB finds in the archive');
  screen.aside(`  ${Queries.view(places.archive)};`);
  const queries = await Queries.open(places.archive);
  try {
    await queries.showAll(showAnswer);
    await queries.showMessage(joined(done), showAnswer);
    screen.heading('What the source says');
    screen.status('  asking the source what it showed at each run');
    const looks = await looksOf(source, done);
    const expected = expectation(looks, layout, recentDays);
    const comparison = compare(expected, await queries.rows());
    screen.status('');
    tellComparison(comparison, expected.unnoticed);
  } finally {
    queries.close();
  }
}

function showAnswer(title: string, sql: string, answer: readonly string[]): void {
  screen.line();
  screen.line(`  ${title}`);
  for (const line of sql.split('\n')) screen.aside(`  ${line}`);
  screen.lines(answer, '    ');
}

/** The id of a message that waited at the first run, and does not at the last. */
function joined(done: readonly RunDone[]): string {
  const waiting = new Set(done.at(-1)!.ledger.staged.map(({ message_id }) => message_id));
  const found = done[0]!.ledger.staged.find(({ message_id }) => !waiting.has(message_id));
  if (found === undefined) throw new DemoFailure('No message that waited at the first run was closed since.');
  return found.message_id;
}

async function looksOf(source: SourceProcess, done: readonly RunDone[]): Promise<Look[]> {
  const looks: Look[] = [];
  for (const { run, plan } of done) {
    const read = plan.slots.filter(([, action]) => action === 'read').map(([slot]) => slot);
    looks.push({ at: Date.parse(run.asOf), read: new Set(read), truth: await source.truth(run.asOf) });
  }
  return looks;
}

/** @throws DemoFailure where the archive is not what it promises */
function tellComparison(comparison: Comparison, unnoticed: number): void {
  const { messages, missing, extra, twice, damaged, foreign, older } = comparison;
  screen.line(
    `  compared with the source: ${number(messages)} messages, ${number(missing.length)} missing, ${number(extra.length)} extra, ${number(twice.length)} twice`,
  );
  screen.line(
    `  payloads: ${number(damaged.length)} differ from their SHA-256, ${number(foreign.length)} from what the source sent`,
  );
  if (older.length > 0) {
    screen.line(
      `  ${number(older.length)} were amended or opened again after their slot had settled: the archive keeps the closed version that it read`,
    );
  }
  if (unnoticed > 0) {
    screen.line(`  ${number(unnoticed)} got their first alert after their slot had settled: a later scrub finds them`);
  }
  if (isSame(comparison)) return;
  const lists = Object.entries({ missing, extra, twice, damaged, foreign }).filter(([, ids]) => ids.length > 0);
  const details = lists.map(([kind, ids]) => `${kind}: ${names(ids)}`).join('\n');
  throw new DemoFailure('The archive is not what the source says.', details);
}

function takeLeave(done: readonly RunDone[], tookMs: number): void {
  const read = done.reduce((sum, { legs }) => sum + legs.bytesRead, 0);
  const steps = done.reduce((sum, { legs }) => sum + legs.legs + 2, 0);
  screen.heading(`Done in ${duration(tookMs)}: ${counted(steps, 'step')}, ${bytes(read)} read.`);
  screen.lines(
    [
      `${places.archive}/month=*/*.parquet   the messages`,
      `${places.archive}/_quarantine/        what could not be read as a message, with the reason`,
      `${places.archive}/_report/            the ledger, for auditors`,
      `${places.runner}/run-*/               each step's log, outputs and summary (${done.at(-1)!.summaryPath})`,
      '',
      'To try next:',
      `env INPUT_COMMAND=verify INPUT_ARCHIVE=file:${places.archive} INPUT_STAGING=sqlite:${places.staging} \\`,
      `    INPUT_WINDOW-DAYS=${layout.windowDays} node dist/index.js`,
    ],
    '  ',
  );
}
