import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { objectPath, quarantineFolder } from '../../src/archive/layout.ts';
import type { RowChunk } from '../../src/archive/object.ts';
import { shaBytes } from '../../src/archive/rows.ts';
import type { ArchiveSettings } from '../../src/archive/settings.ts';
import { openArchive } from '../../src/commands/open-archive.ts';
import { run } from '../../src/commands/run.ts';
import type { Context, Sources } from '../../src/context.ts';
import { UserError } from '../../src/errors.ts';
import type { LegOptions } from '../../src/export/leg.ts';
import { clock as systemClock } from '../../src/io/clock.ts';
import { DirectoryArchive } from '../../src/io/directory/archive.ts';
import type { Source } from '../../src/io/ports.ts';
import { SqliteStaging } from '../../src/io/sqlite/staging.ts';
import { BufferPool } from '../../src/memory/buffer-pool.ts';
import type { Scope } from '../../src/plan/facts.ts';
import type { Interval } from '../../src/windows/interval.ts';
import type { Slot } from '../../src/windows/slot.ts';
import { readObject } from '../../src/worker/objects.ts';
import type { Threads } from '../../src/worker/threads.ts';
import { plainShape } from './messages.ts';

export const plainSettings: ArchiveSettings = {
  layout: { windowDays: 60, partitionBy: 'month' },
  format: 'parquet',
  shape: plainShape,
};

/** The log of a run. */
export interface Said {
  readonly lines: string[];
  readonly warnings: string[];
  readonly errors: string[];
}

/** A context with real stores in one folder, and a clock that only the test moves. */
export interface Embedded {
  readonly parts: Context;
  readonly said: Said;
  readonly clock: { now: number };
  readonly folder: string;
  /** Opens the same stores as another process would. */
  again(changes?: Partial<EmbeddedOptions>): Promise<Embedded>;
  close(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly now: number;
  readonly settings: ArchiveSettings;
  readonly recentDays: number;
  readonly spoolBytes: number;
  readonly run: Context['run'];
}

/** In memory if possible: with a disk, most of the time would go into fsync. */
export const scratchFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Creates an archive and a staging in a new folder, which {@link Embedded.close} removes. */
export async function embed(threads: Threads, options: Partial<EmbeddedOptions> & { now: number }): Promise<Embedded> {
  const folder = await mkdtemp(join(scratchFolder, 'embedded-'));
  const made = await open(threads, folder, options);
  const close = async () => {
    await made.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { ...made, close };
}

async function open(
  threads: Threads,
  folder: string,
  options: Partial<EmbeddedOptions> & { now: number },
): Promise<Embedded> {
  const settings = options.settings ?? plainSettings;
  const archive = new DirectoryArchive({ folder: join(folder, 'archive'), clock: systemClock, newId: randomUUID });
  await archive.prepare();
  const archiveId = await openArchive(archive, settings, randomUUID);
  const staging = new SqliteStaging(join(folder, 'staging.db'), archiveId);
  await staging.prepare();
  const temporary = join(folder, 'temporary');
  await mkdir(temporary, { recursive: true });
  const clock = { now: options.now };
  const said: Said = { lines: [], warnings: [], errors: [] };
  const parts: Context = {
    settings,
    recentDays: options.recentDays ?? 60,
    archiveId,
    archive,
    staging,
    threads,
    memory: new BufferPool(options.spoolBytes ?? 32 * 1024 * 1024),
    temporary,
    now: () => clock.now,
    elapsed: () => 0,
    newId: randomUUID,
    run: options.run ?? {},
    log: {
      line: (text) => void said.lines.push(text),
      warning: (text) => void said.warnings.push(text),
      error: (text) => void said.errors.push(text),
    },
  };
  const close = async () => {
    await staging.close();
    await archive.close();
  };
  const again = (changes: Partial<EmbeddedOptions> = {}) =>
    open(threads, folder, { ...options, now: clock.now, ...changes });
  return { parts, said, clock, folder, again, close };
}

/** Options of a run, except its range. */
export type RunChanges = Partial<Omit<Scope, 'range'> & LegOptions>;

/**
 * Runs plan, legs and report from one source, or from one for live and one for settled slots.
 * @throws UserError if there is no plan
 */
export async function runAll(parts: Context, source: Source | Sources, range: Interval, changes: RunChanges = {}) {
  const { refresh = false, scrubWindows = 0, acceptFewer = false, timeBudgetMs = 3_600_000 } = changes;
  const sources = 'live' in source ? source : { live: source, settled: source };
  const scope = { range, refresh, scrubWindows };
  const { tally, report } = (await run(parts, sources, scope, { acceptFewer, timeBudgetMs, dryRun: false }))!;
  if (tally === undefined) throw new UserError('plan-failed', report.problems[0]!);
  return { tally, report };
}

/** A row of an object. */
export interface StoredRow {
  readonly id: string;
  readonly timestamp: bigint;
  readonly readAt: number;
  readonly source: string;
  readonly sha: string;
  readonly payload: string;
}

/** Returns the rows of a slot's object in order; none if there is no object. */
export async function storedRows(parts: Context, slot: Slot): Promise<StoredRow[]> {
  const object = await parts.archive.open(objectPath(slot, parts.settings.format));
  if (object === undefined) return [];
  const rows: StoredRow[] = [];
  try {
    const request = { format: parts.settings.format, payloads: true };
    await readObject(parts.threads, object, request, async (chunk) => void rows.push(...rowsOf(chunk)));
  } finally {
    await object.close();
  }
  return rows;
}

function rowsOf(chunk: RowChunk): StoredRow[] {
  const { bytes, offsets } = chunk.payloads!;
  return chunk.ids.map((id, n) => ({
    id,
    timestamp: chunk.timestamps[n]!,
    readAt: chunk.readAts[n]!,
    source: chunk.sources[n]!,
    sha: Buffer.from(chunk.shas.subarray(n * shaBytes, (n + 1) * shaBytes)).toString('hex'),
    payload: Buffer.from(bytes.subarray(offsets[n]!, offsets[n + 1]!)).toString('utf8'),
  }));
}

/** Returns the paths of all files below a folder, sorted; none if it does not exist. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Returns the quarantined messages of a slot, sorted by hash, without duplicates. */
export async function quarantineOf({ folder }: Pick<Embedded, 'folder'>, slot: Slot): Promise<QuarantineLine[]> {
  const root = join(folder, 'archive', quarantineFolder(slot.id));
  const texts = await Promise.all((await filesBelow(root)).map((path) => readFile(join(root, path), 'utf8')));
  const lines = texts.flatMap((text) => text.split('\n').filter((line) => line !== ''));
  const parsed = lines.map((line) => JSON.parse(line) as QuarantineLine);
  return [...new Map(parsed.map((line) => [line.payload_sha256, line])).values()].sort((a, b) =>
    a.payload_sha256 < b.payload_sha256 ? -1 : 1,
  );
}

export interface QuarantineLine {
  readonly reason: string;
  readonly payload_sha256: string;
  readonly payload?: string;
  readonly payload_base64?: string;
}
