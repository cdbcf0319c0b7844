import { join } from 'node:path';
import { bytes, number } from '../src/format.ts';
import { inTurns, measuredLine, ratioLine } from './comparison.ts';
import { sizeOf } from './files.ts';
import type { Finished } from './process.ts';
import { hasVenv, today } from './python.ts';
import { archiveSource, asOf, type BenchSource, oneWindow, startSource } from './source.ts';
import { stages } from './stages.ts';

const stagePages = 8;
const pageSize = 500;
const pageCount = Math.ceil(oneWindow.messages / pageSize);
const lastDay = '2024-07-15';

/** Archives one window from the API: the stages of a leg separately, then a whole run compared with a Python script. */
export async function benchApi(folder: string, runs: number): Promise<void> {
  const source = await startSource(oneWindow);
  try {
    await printStages(source);
    const { bytes: sourceBytes } = await readPages(source, pageCount, false);
    await printWindow(source, folder, runs, sourceBytes);
  } finally {
    await source.close();
  }
}

async function printStages(source: BenchSource): Promise<void> {
  const warm = await readPages(source, stagePages);
  const read = await readPages(source, stagePages);
  console.log(`Stages of a leg, each on one thread, with ${bytes(read.bytes)} of source JSON:`);
  await stages(warm.pages, warm.tookMs);
  for (const { name, rate } of await stages(read.pages, read.tookMs))
    console.log(`  ${name.padEnd(20)} ${number(Math.round(rate)).padStart(6)} MB/s`);
}

async function printWindow(source: BenchSource, folder: string, runs: number, sourceBytes: number): Promise<void> {
  console.log(
    `\n${number(oneWindow.messages)} messages, ${bytes(sourceBytes)} of source JSON, from an API on loopback to a folder:`,
  );
  const ours = (n: number) => archiveSource(source, oneWindow, join(folder, `ours-${n}`));
  const print = async (name: string, all: readonly Finished[], stored: string) =>
    console.log(measuredLine({ name, runs: all, storedBytes: await sizeOf(stored) }, sourceBytes));
  if (!hasVenv()) {
    const all: Finished[] = [];
    for (let n = 0; n < runs; n += 1) all.push(await ours(n));
    await print('Message Archive', all, join(folder, 'ours-0', 'archive'));
    console.log(
      '  To compare with Python, run npm run bench -- --make-venv once: it installs requests, pandas and pyarrow.',
    );
    return;
  }
  const file = join(folder, 'today.parquet');
  const url = `${source.url}?as_of=${asOf}`;
  const theirs = () => today(url, source.token, oneWindow.from, lastDay, pageCount, file);
  const done = await inTurns(runs, ours, theirs);
  await print('Message Archive', done.ours, join(folder, 'ours-0', 'archive'));
  await print('requests and pandas', done.theirs, file);
  console.log(ratioLine(done.ours, done.theirs));
}

async function readPages({ url, token }: BenchSource, count: number, isKept = true) {
  const pages: Uint8Array<ArrayBuffer>[] = [];
  let read = 0;
  const startedMs = performance.now();
  for (let page = 1; page <= count; page += 1) {
    const query = `start_time=${oneWindow.from}&end_time=${lastDay}&status=all&page_size=${pageSize}&page_number=${page}&as_of=${asOf}`;
    const response = await fetch(`${url}?${query}`, { headers: { authorization: `Bearer ${token}` } });
    const body = new Uint8Array(await response.arrayBuffer());
    read += body.length;
    if (isKept) pages.push(body);
  }
  return { pages, bytes: read, tookMs: performance.now() - startedMs };
}
