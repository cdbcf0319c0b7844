import { parseArgs } from 'node:util';
import { bytes, counted, duration } from '../src/format.ts';
import { Action } from './action.ts';
import { DemoFailure } from './failure.ts';
import { places, prepareFolder, writeVerifyInputs } from './folder.ts';
import { Queries } from './queries.ts';
import { Screen } from './screen.ts';
import { archiveInputs, runs, sourceArguments, sourceInputs } from './settings.ts';
import { SourceProcess } from './source-process.ts';
import { compareWithSource } from './verdict.ts';
import { type RunDone, runWorkflow } from './workflow-run.ts';

const usage = `Usage: npm run demo [-- --mail <folder or mbox file>]

Archives seven years of messages, runs again a week and a year later, queries the archive, and compares it with the source.

  --mail PATH   archive your own email instead of generated messages: a folder with one file per email, or an mbox file
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
  else
    screen.failure(
      `Internal error in the demo (a bug: please report it): ${error instanceof Error ? error.stack : String(error)}`,
      '',
    );
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
  const source = await SourceProcess.start(sourceArguments(mail));
  try {
    await prepareFolder();
    const inputs = archiveInputs(places.archive, places.staging);
    await writeVerifyInputs(inputs);
    const action = new Action({ ...inputs, ...sourceInputs(source.url) }, places.runner, abort.signal);
    introduce(source, mail);
    const done = await runAll(action, source);
    await query(source, done);
    printFiles(done, performance.now() - startedMs);
  } finally {
    source.close();
  }
}

function introduce(source: SourceProcess, mail: string | undefined): void {
  screen.heading("Message Archive demo: eight years of an archive's life");
  screen.lines(
    [
      `source    ${mail === undefined ? 'generated emails and chats' : `the emails in ${mail}`}, served at ${source.url}`,
      'action    node dist/index.js, one process per step, with its inputs in INPUT_* as on GitHub',
      `archive   ${places.archive}: one Parquet file per month, split where a 60-day window ends`,
      `staging   ${places.staging}: the ledger, and pending messages (some alert is open)`,
    ],
    '  ',
  );
}

async function runAll(action: Action, source: SourceProcess): Promise<RunDone[]> {
  const done: RunDone[] = [];
  for (const [n, run] of runs.entries()) {
    done.push(await runWorkflow(run, `run-${n + 1}`, done.at(-1), { action, source, screen }));
  }
  const { objectsWritten, legs } = done.at(-1)!.legs;
  if (objectsWritten > 0) {
    throw new DemoFailure(`The last run wrote ${counted(objectsWritten, 'file')} although the source had not changed.`);
  }
  screen.line(`  result   ${counted(legs, 'leg')} wrote no files: runs are idempotent`);
  return done;
}

/** Queries the archive with DuckDB, and compares it with the source. */
async function query(source: SourceProcess, done: readonly RunDone[]): Promise<void> {
  screen.heading('Query the archive with DuckDB');
  screen.aside(`  ${Queries.view(places.archive)};`);
  const queries = await Queries.open(places.archive);
  try {
    await queries.showSummaries(showResult);
    const id = archivedLater(done);
    if (id !== undefined) await queries.showMessage(id, showResult);
    await compareWithSource(source, done, queries, screen);
  } finally {
    queries.close();
  }
}

function showResult(title: string, sql: string, result: readonly string[]): void {
  screen.line();
  screen.line(`  ${title}`);
  for (const line of sql.split('\n')) screen.aside(`  ${line}`);
  screen.lines(result, '    ');
}

/** Returns the id of a message that was pending after the first run and not after the last; few emails may have none. */
function archivedLater(done: readonly RunDone[]): string | undefined {
  const pending = new Set(done.at(-1)!.ledger.staged.map(({ message_id }) => message_id));
  return done[0]!.ledger.staged.find(({ message_id }) => !pending.has(message_id))?.message_id;
}

function printFiles(done: readonly RunDone[], tookMs: number): void {
  const read = done.reduce((sum, { legs }) => sum + legs.bytesRead, 0);
  const steps = done.reduce((sum, { legs }) => sum + legs.legs + 2, 0);
  screen.heading(`Done in ${duration(tookMs)}: ${counted(steps, 'step')}, ${bytes(read)} read`);
  printPairs([
    [`${places.archive}/month=*/*.parquet`, 'the messages'],
    [`${places.archive}/_quarantine/`, 'invalid messages, each with the reason'],
    [`${places.archive}/_report/index.html`, 'the coverage page: open it in a browser'],
    [`${places.archive}/_report/ledger.json`, 'the ledger, for auditors'],
    [`${places.runner}/run-*/`, 'log, outputs and job summary of each step'],
    [done.at(-1)!.summaryPath, "the last run's job summary, as GitHub shows it"],
  ]);
  screen.heading('Next');
  printPairs([
    [`npx node --env-file=${places.verify} dist/index.js`, 'verify every byte of the archive'],
    ['npm run demo -- --mail <folder or mbox file>', 'run the demo with your own email'],
  ]);
}

function printPairs(pairs: readonly (readonly [name: string, meaning: string])[]): void {
  const width = Math.max(...pairs.map(([name]) => name.length));
  for (const [name, meaning] of pairs) screen.line(`  ${name.padEnd(width)}   ${meaning}`);
}
