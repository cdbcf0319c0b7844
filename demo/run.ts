import { parseArgs } from 'node:util';
import { bytes, counted, duration } from '../src/format.ts';
import { Action } from './action.ts';
import { DemoFailure } from './failure.ts';
import { places, prepareFolder, writeVerifyInputs } from './folder.ts';
import { Queries } from './queries.ts';
import { type RunDone, rehearse } from './rehearsal.ts';
import { Screen } from './screen.ts';
import { archiveInputs, runs, sourceArguments, sourceInputs } from './settings.ts';
import { SourceProcess } from './source-process.ts';
import { judge } from './verdict.ts';

const usage = `Usage: npm run demo [-- --mail <folder or mbox file>]

Archives seven years of messages, then what a week and a year bring, eight in all, queries the archive, and compares it with the source.

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
  const source = await SourceProcess.start(sourceArguments(mail));
  try {
    await prepareFolder();
    const inputs = archiveInputs(places.archive, places.staging);
    await writeVerifyInputs(inputs);
    const action = new Action({ ...inputs, ...sourceInputs(source.url) }, places.runner, abort.signal);
    introduce(source, mail);
    const done = await rehearseAll(action, source);
    await ask(source, done);
    takeLeave(done, performance.now() - startedMs);
  } finally {
    source.close();
  }
}

function introduce(source: SourceProcess, mail: string | undefined): void {
  screen.heading('Message Archive: a rehearsal of eight years');
  screen.lines(
    [
      `source    ${mail === undefined ? 'made-up mails and chats' : `the mails of ${mail}`}, at ${source.url}`,
      'action    node dist/index.js, a process for each step, with its inputs in INPUT_* as on GitHub',
      `archive   ${places.archive}: a Parquet file for each slot, which is a month, cut where a window ends`,
      `staging   ${places.staging}: the ledger, and messages that wait until all their alerts are closed`,
    ],
    '  ',
  );
}

async function rehearseAll(action: Action, source: SourceProcess): Promise<RunDone[]> {
  const done: RunDone[] = [];
  for (const [n, run] of runs.entries()) {
    done.push(await rehearse(run, `run-${n + 1}`, done.at(-1), { action, source, screen }));
  }
  const { objectsWritten, legs } = done.at(-1)!.legs;
  if (objectsWritten > 0) {
    throw new DemoFailure(`The last run wrote ${counted(objectsWritten, 'object')}, though nothing had changed since.`);
  }
  screen.line(
    `  again    ${counted(legs, 'leg')} looked and wrote no object: any number of runs leads to the same archive`,
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
    const id = joined(done);
    if (id !== undefined) await queries.showMessage(id, showAnswer);
    await judge(source, done, queries, screen);
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

/** The id of a message that waited at the first run, and does not at the last; of few mails, there may be none. */
function joined(done: readonly RunDone[]): string | undefined {
  const waiting = new Set(done.at(-1)!.ledger.staged.map(({ message_id }) => message_id));
  return done[0]!.ledger.staged.find(({ message_id }) => !waiting.has(message_id))?.message_id;
}

function takeLeave(done: readonly RunDone[], tookMs: number): void {
  const read = done.reduce((sum, { legs }) => sum + legs.bytesRead, 0);
  const steps = done.reduce((sum, { legs }) => sum + legs.legs + 2, 0);
  screen.heading(`Done in ${duration(tookMs)}: ${counted(steps, 'step')}, ${bytes(read)} read`);
  tellAll([
    [`${places.archive}/month=*/*.parquet`, 'the messages'],
    [`${places.archive}/_quarantine/`, 'what could not be read as a message, with the reason'],
    [`${places.archive}/_report/index.html`, 'eight years at a glance: open it in a browser'],
    [`${places.archive}/_report/ledger.json`, 'the ledger, for auditors'],
    [`${places.runner}/run-*/`, 'log, outputs and summary of each step'],
    [done.at(-1)!.summaryPath, 'what GitHub would show of the last run'],
  ]);
  screen.heading('To try next');
  tellAll([
    [`npx node --env-file=${places.verify} dist/index.js`, 'reads every object back against the ledger'],
    ['npm run demo -- --mail <folder or mbox file>', 'the same with real mails'],
  ]);
}

/** What, and what that is, in two columns. */
function tellAll(pairs: readonly (readonly [what: string, meaning: string])[]): void {
  const width = Math.max(...pairs.map(([what]) => what.length));
  for (const [what, meaning] of pairs) screen.line(`  ${what.padEnd(width)}   ${meaning}`);
}
