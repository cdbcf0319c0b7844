import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { describeSchema } from '../../src/archive/schema.ts';
import { DAY_MS } from '../../src/windows/interval.ts';
import { pageScanner } from '../../src/worker/pages.ts';
import { Threads } from '../../src/worker/threads.ts';
import { embed, plainSettings, runAll } from '../support/embedded.ts';
import { plainShape } from '../support/messages.ts';
import { ModelSource, Truth } from '../support/model-source.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'examples', 'sql');
const company = 's3://company-archive/messages';

const threads = new Threads(1);
afterAll(() => threads.close());

function read(file: string): string {
  return readFileSync(join(folder, file), 'utf8');
}

/** The statements of a file, without its comments. */
function statements(file: string): string[] {
  const bare = read(file).replaceAll(/--.*/g, '');
  return bare
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/** Columns of the file's table, as `name type`. */
function columns(file: string): string[] {
  const table = statements(file).find((statement) => /^CREATE (EXTERNAL TABLE|TEMPORARY VIEW) /.test(statement))!;
  const [, list] = /\(\n([\s\S]*?)\n\)/.exec(table)!;
  return list!.split('\n').map((line) => line.trim().replace(/,$/, '').replaceAll(/[`"]/g, ''));
}

const hive = {
  string: 'string',
  timestamp: 'timestamp',
  int32: 'int',
  list: 'array<struct<alert_id: string, status: string>>',
};
const text = (column: string) =>
  ({ source: 'varchar(16)', payload_sha256: 'varchar(64)', payload: 'varchar(65535)' })[column] ?? 'varchar(8192)';
const redshift = { ...hive, list: 'array<struct<alert_id: varchar(8192), status: varchar(8192)>>' };

const tables: [file: string, types: Record<string, string>, after: string[]][] = [
  ['athena-month.sql', hive, []],
  ['athena-day.sql', hive, []],
  ['spark.sql', hive, ['month string']],
  ['redshift-spectrum.sql', redshift, []],
];

describe.each(tables)('the table of %s', (file, types, after) => {
  it('has the columns of an object, in their order', () => {
    const expected = describeSchema({ columns: [] })
      .split(', ')
      .map((column) => column.split(' ') as [name: string, type: string])
      .map(([name, type]) => {
        const isText = type === 'string' && types === redshift;
        return `${name} ${isText ? text(name) : types[type]}`;
      });
    expect(columns(file)).toEqual([...expected, ...after]);
  });
});

describe.each(['month', 'day'])('the table of Athena by %s', (unit) => {
  const [table] = statements(`athena-${unit}.sql`);

  it('projects the folders of the archive', () => {
    const [, range] = new RegExp(`'projection\\.${unit}\\.range' = '([^,']+),NOW'`).exec(table!)!;
    const format = unit === 'month' ? 'yyyy-MM' : 'yyyy-MM-dd';
    expect(range).toHaveLength(format.length);
    expect(table).toContain(`PARTITIONED BY (${unit} string)`);
    expect(table).toContain(`'projection.${unit}.format' = '${format}'`);
    expect(table).toContain(`'projection.${unit}.interval.unit' = '${unit.toUpperCase()}S'`);
    expect(table).toContain(`'storage.location.template' = '${company}/${unit}=\${${unit}}/'`);
    expect(table).toContain(`LOCATION '${company}/'`);
  });
});

describe.each(['month', 'day'] as const)('the statements of duckdb.sql, over an archive by %s', (partitionBy) => {
  it('find every message and no damage', async () => {
    const now = Date.parse('2025-01-10');
    const settings = { ...plainSettings, layout: { windowDays: 60, partitionBy } };
    const embedded = await embed(threads, { now, settings });
    onTestFinished(() => embedded.close());
    const truth = new Truth();
    for (const [id, day] of [
      ['a', '2024-05-31'],
      ['b', '2024-06-02'],
      ['c', '2024-06-03'],
      ['d', '2024-06-30'],
    ] as const) {
      truth.put({ id, at: Date.parse(day), statuses: id === 'd' ? ['closed', 'CLOSED'] : ['closed'] });
    }
    truth.putRaw('cut', Date.parse('2024-06-04'), cutWithinAnEmoji('cut', '2024-06-04'));
    const range = { start: Date.parse('2024-05-01'), end: Date.parse('2024-07-01') };
    await runAll(embedded.parts, new ModelSource(truth, pageScanner(threads, plainShape, false)), range);

    const answers = await answersOf(join(embedded.folder, 'archive'), partitionBy);
    expect(answers.map((rows) => rows.map(([first]) => first))).toEqual([
      ['c', 'cut', 'd'],
      ['cut'],
      ['closed', 'CLOSED'],
      [0n],
    ]);
    expect(answers[2]!.map(([, alerts]) => alerts)).toEqual([5n, 1n]);
  });
});

/** A message whose subject was cut within an emoji, so it ends with half of a surrogate pair. */
function cutWithinAnEmoji(id: string, day: string): string {
  return `{"message_id":"${id}","timestamp":"${day}T00:00:00Z","alerts":[{"alert_id":"${id}-0","status":"closed"}],"subject":"a \\ud83d"}`;
}

/** All DuckDB examples on pages that people read. */
const examples = ['README.md', ...readdirSync(join(root, 'docs')).map((page) => join('docs', page))]
  .filter((page) => page.endsWith('.md'))
  .flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql]) => ({
      page,
      sql: sql!,
    })),
  );

it('case 23: every DuckDB example on a page returns rows if a subject was cut within an emoji', async () => {
  const embedded = await embed(threads, { now: Date.parse('2025-01-10') });
  onTestFinished(() => embedded.close());
  const truth = new Truth();
  const day = '2024-06-04';
  truth.putRaw('cut', Date.parse(day), cutWithinAnEmoji('cut', day));
  truth.putRaw('fine', Date.parse(day), cutWithinAnEmoji('fine', day).replace('\\ud83d', '\\ud83d\\ude00'));
  truth.putRaw(
    'open',
    Date.parse(day),
    cutWithinAnEmoji('open', day).replace('closed', 'o\\ud83d').replace('open-0', '\\ud83d'),
  );
  const range = { start: Date.parse('2024-06-01'), end: Date.parse('2024-07-01') };
  const source = new ModelSource(truth, pageScanner(threads, plainShape, false));
  await runAll(embedded.parts, source, range);
  const archive = join(embedded.folder, 'archive');
  expect(examples.map(({ page }) => page)).toEqual(
    expect.arrayContaining(['README.md', join('docs', 'troubleshooting.md')]),
  );
  for (const { page, sql } of examples) {
    const local = sql.replaceAll(company, archive).replaceAll("'archive/", `'${archive}/`);
    expect(local, page).toContain(archive);
    const rows = await withDuckDB(async (connection) => (await connection.runAndReadAll(local)).getRows());
    expect(rows.length, page).toBeGreaterThan(0);
    if (page === 'README.md') {
      expect(rows.map(([id, , subject]) => [id, subject]).sort()).toEqual([
        ['cut', null],
        ['fine', 'a \u{1f600}'],
      ]);
    }
  }
});

it("finds long-pending messages in the report's ledger", async () => {
  const now = Date.parse('2025-01-10');
  const embedded = await embed(threads, { now });
  onTestFinished(() => embedded.close());
  const truth = new Truth();
  truth.put({ id: 'late', at: Date.parse('2024-06-02'), statuses: ['open', 'closed'] });
  const range = { start: Date.parse('2024-06-01'), end: Date.parse('2024-07-01') };
  const source = new ModelSource(truth, pageScanner(threads, plainShape, false));
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'troubleshooting.md'), 'utf8');
  const [, statement] = /```sql\n([\s\S]*?)```/.exec(page)!;
  const local = statement!.replaceAll(company, join(embedded.folder, 'archive'));
  const found = () => withDuckDB(async (connection) => (await connection.runAndReadAll(local)).getRows());

  await runAll(embedded.parts, source, range);
  expect(await found()).toEqual([['late', '2025-01-10T00:00:00.000Z', '["late-0"]', null]]);

  embedded.clock.now += DAY_MS;
  truth.remove('late');
  truth.put({ id: 'later', at: Date.parse('2024-06-03'), statuses: ['open'] });
  await runAll(embedded.parts, source, range, { refresh: true, acceptFewer: true });
  const removed = ['late', '2025-01-10T00:00:00.000Z', '["late-0"]', '2025-01-11T00:00:00.000Z'];
  expect(await found()).toEqual([removed, ['later', '2025-01-11T00:00:00.000Z', '["later-0"]', null]]);

  truth.put({ id: 'late', at: Date.parse('2024-06-02'), statuses: ['closed'] });
  truth.put({ id: 'later', at: Date.parse('2024-06-03'), statuses: ['closed'] });
  await runAll(embedded.parts, source, range, { refresh: true });
  expect(await found()).toEqual([]);
});

/** Rows that each SELECT of duckdb.sql returns for an archive in a folder; statements for S3 alone are skipped. */
function answersOf(archive: string, partitionBy: 'month' | 'day'): Promise<DuckDBValue[][][]> {
  return withDuckDB(async (connection) => {
    const answers: DuckDBValue[][][] = [];
    for (const statement of statements('duckdb.sql')) {
      if (/^(INSTALL|LOAD|CREATE SECRET) /.test(statement)) continue;
      const local = statement.replaceAll(company, archive);
      const dated = partitionBy === 'day' ? local.replace("month = '2024-06'", "day >= '2024-06-01'") : local;
      const reader = await connection.runAndReadAll(dated);
      if (statement.startsWith('SELECT')) answers.push(reader.getRows());
    }
    return answers;
  });
}

async function withDuckDB<Result>(work: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    return await work(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

it.each(tables.map(([file]) => file).concat('duckdb.sql'))('%s is formatted like the others', (file) => {
  const lines = read(file).split('\n');
  expect(lines.at(-1)).toBe('');
  expect(lines.at(-2)).toMatch(/;$/);
  expect(lines[0]).toMatch(/^-- /);
  expect(lines.filter((line) => line.length > 120 || /\s$|\t/.test(line))).toEqual([]);
});
