import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bytes, duration, number } from '../src/words.ts';
import { type Finished, finish } from './process.ts';
import { type BenchSource, startSource } from './source.ts';
import { stages } from './stages.ts';

const root = join(import.meta.dirname, '..');
const venv = join(root, '.cache', 'venv');
const python = join(venv, 'bin', 'python');
const now = '2025-07-01T00:00:00Z';
const stagePages = 8;
const pageSize = 500;

/** One archive run: a range, and how many messages lie in it. */
interface Case {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly messages: number;
}

const oneWindow: Case = { name: 'one window', from: '2024-05-17', to: '2024-07-16', messages: 12_000 };
const oneSlot: Case = { name: 'ten windows in one slot', from: '2024-06-01', to: '2024-07-01', messages: 120_000 };

const { values } = parseArgs({
  options: {
    'make-venv': { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    'skip-slot': { type: 'boolean', default: false },
  },
});

if (values['make-venv']) await makeVenv();
await bench();

async function bench(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'message-archive-bench-'));
  try {
    const source = await startSource(oneWindow.from, oneWindow.to, oneWindow.messages);
    try {
      const megabytes = await printStages(source);
      await printWindow(source, folder, megabytes);
    } finally {
      await source.close();
    }
    if (!values['skip-slot']) await printSlot(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function printStages(source: BenchSource): Promise<number> {
  const warm = await readPages(source, stagePages);
  const read = await readPages(source, stagePages);
  console.log(`Stages, each by itself on one thread, of ${bytes(read.bytes)} of source JSON:`);
  await stages(warm.pages, warm.tookMs);
  for (const { name, rate } of await stages(read.pages, read.tookMs))
    console.log(`  ${name.padEnd(20)} ${number(Math.round(rate)).padStart(6)} MB/s`);
  return (await readPages(source, Math.ceil(oneWindow.messages / pageSize), false)).bytes / 1e6;
}

async function printWindow(source: BenchSource, folder: string, megabytes: number): Promise<void> {
  console.log(
    `\n${number(oneWindow.messages)} messages, ${number(Math.round(megabytes))} MB of source JSON, from the source on loopback to a folder:`,
  );
  const ours: Finished[] = [];
  const theirs: Finished[] = [];
  for (let n = 0; n < Number(values.runs); n += 1) {
    ours.push(await archive(source, oneWindow, join(folder, `ours-${n}`)));
    if (existsSync(python)) theirs.push(await today(source, join(folder, 'today.parquet')));
  }
  const stored = await sizeOf(join(folder, 'ours-0', 'archive'));
  const rate = (runs: readonly Finished[]) => megabytes / (median(runs.map(({ tookMs }) => tookMs)) / 1000);
  const peak = (runs: readonly Finished[]) => bytes(Math.max(...runs.map(({ rssBytes }) => rssBytes)));
  console.log(
    `  Message Archive      ${rate(ours).toFixed(1).padStart(6)} MB/s, at most ${peak(ours)} of memory, ${bytes(stored)} stored (${percent(stored, megabytes * 1e6)})`,
  );
  if (theirs.length === 0) {
    console.log('  Python: not there; npm run bench -- --make-venv makes a venv with requests, pandas and pyarrow.');
    return;
  }
  const snappy = await sizeOf(join(folder, 'today.parquet'));
  console.log(
    `  requests and pandas  ${rate(theirs).toFixed(1).padStart(6)} MB/s, at most ${peak(theirs)} of memory, ${bytes(snappy)} stored (${percent(snappy, megabytes * 1e6)})`,
  );
  const ratios = ours.map(({ tookMs }, n) => theirs[n]!.tookMs / tookMs);
  console.log(
    `  ${median(ratios).toFixed(2)} times as fast (median of ${ratios.length} pairs: ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}), checked and sorted.`,
  );
}

async function printSlot(folder: string): Promise<void> {
  const source = await startSource(oneSlot.from, oneSlot.to, oneSlot.messages);
  try {
    const into = join(folder, 'slot');
    const run = await archive(source, oneSlot, into);
    const read = Number(/\(([\d.]+) GB read/.exec(run.output)?.[1] ?? 0) * 1e9;
    const stored = await sizeOf(join(into, 'archive'));
    console.log(`\n${number(oneSlot.messages)} messages in one slot, ${bytes(read)} of source JSON:`);
    console.log(
      `  Message Archive      ${(read / 1e3 / run.tookMs).toFixed(1).padStart(6)} MB/s in ${duration(run.tookMs)}, at most ${bytes(run.rssBytes)} of memory, ${bytes(stored)} stored`,
    );
  } finally {
    await source.close();
  }
}

function archive(source: BenchSource, { from, to }: Case, folder: string): Promise<Finished> {
  const inputs = {
    COMMAND: 'run',
    FROM: from,
    TO: to,
    'AS-OF': now,
    ARCHIVE: `file:${join(folder, 'archive')}`,
    STAGING: `sqlite:${join(folder, 'staging.sqlite')}`,
    'API-URL': source.url,
    'API-TOKEN': source.token,
    'API-TIME-FORMAT': 'iso',
    'API-QUERY': `status=all&as_of=${now}`,
  };
  const environment = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name}`, value]));
  return mkdir(folder, { recursive: true }).then(() =>
    finish(process.execPath, [join(root, 'dist', 'index.js')], { ...environment, RUNNER_TEMP: tmpdir() }),
  );
}

function today(source: BenchSource, file: string): Promise<Finished> {
  const pages = Math.ceil(oneWindow.messages / pageSize);
  return finish(
    python,
    [
      join(root, 'bench', 'today.py'),
      `${source.url}?as_of=${now}`,
      source.token,
      oneWindow.from,
      '2024-07-15',
      String(pages),
      file,
    ],
    {},
  );
}

async function readPages(source: BenchSource, count: number, isKept = true) {
  const pages: Uint8Array<ArrayBuffer>[] = [];
  let read = 0;
  const startedMs = performance.now();
  for (let number = 1; number <= count; number += 1) {
    const url = `${source.url}?start_time=${oneWindow.from}&end_time=2024-07-15&status=all&page_size=${pageSize}&page_number=${number}&as_of=${now}`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${source.token}` } });
    const page = new Uint8Array(await answer.arrayBuffer());
    read += page.length;
    if (isKept) pages.push(page);
  }
  return { pages, bytes: read, tookMs: performance.now() - startedMs };
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return found.size;
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.name.endsWith('.parquet'))
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function makeVenv(): Promise<void> {
  console.log('Making a venv with requests, pandas and pyarrow …');
  await finish('python3', ['-m', 'venv', venv], { PATH: process.env.PATH ?? '' });
  await finish(python, ['-m', 'pip', 'install', '--quiet', 'requests', 'pandas', 'pyarrow'], {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}
