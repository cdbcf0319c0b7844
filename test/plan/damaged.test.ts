import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { LedgerRecord, StagedMessage } from '../../src/archive/ledger.ts';
import {
  recordOf,
  type StoredItem,
  sourceRecordOf,
  stagedMessageOf,
  stateOf,
} from '../../src/archive/ledger-schema.ts';
import { plan } from '../../src/commands/plan.ts';
import { verify } from '../../src/commands/verify.ts';
import { toAttributes } from '../../src/io/dynamodb/attributes.ts';
import { messageKey, slotKey, storedItems } from '../../src/io/dynamodb/items.ts';
import type { Interval } from '../../src/windows/interval.ts';
import { slotAt } from '../../src/windows/slot.ts';
import { type Embedded, plainSettings, runAll, storedRows } from '../support/embedded.ts';
import { ledgerRecord, stagedMessage } from '../support/ledger.ts';
import { chance } from '../support/life-model.ts';
import { ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
const range: Interval = { start: Date.parse('2024-04-01'), end: Date.parse('2024-05-17') };
const april = slotAt(range.start, plainSettings.layout);
const may = slotAt(Date.parse('2024-05-02'), plainSettings.layout);
const scope = { range, refresh: false, scrubWindows: 0 };
const { newParts, scan } = useEmbedded(now);

type Pick = ReturnType<typeof chance>;

const junk: readonly unknown[] = [
  null,
  true,
  '',
  '..',
  '-',
  'zzz',
  -1,
  0.5,
  1e300,
  2 ** 53,
  [],
  [null],
  {},
  { N: '1' },
];

/** JSON with one change: a member of another type, missing or out of range, or text that ends early. */
function mutated(json: string, pick: Pick): string {
  if (pick(8) === 0) return json.slice(0, pick(json.length));
  const value = JSON.parse(json) as object;
  if (pick(20) === 0) return JSON.stringify(junk[pick(junk.length)]);
  const places: (readonly [Record<string, unknown>, string])[] = [];
  const walk = (node: unknown) => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, member] of Object.entries(node)) {
      places.push([node as Record<string, unknown>, name]);
      walk(member);
    }
  };
  walk(value);
  const [node, name] = places[pick(places.length)]!;
  if (pick(4) === 0) delete node[name];
  else node[name] = junk[pick(junk.length)];
  return JSON.stringify(value);
}

/** Two settled slots with archived messages; one is pending in each. */
async function archived() {
  const truth = new Truth();
  for (const [n, slot] of [april, may].entries()) {
    for (let m = 0; m < 3; m += 1) truth.put({ id: `${n}-${m}`, at: slot.start + m, statuses: ['closed'] });
    truth.put({ id: `${n}-open`, at: slot.start + 9, statuses: ['open'] });
  }
  const embedded = await newParts();
  const source = new ModelSource(truth, scan());
  await runAll(embedded.parts, source, range);
  return { embedded, source, truth };
}

function database({ folder }: Embedded, work: (database: DatabaseSync) => void): void {
  const opened = new DatabaseSync(join(folder, 'staging.db'));
  try {
    work(opened);
  } finally {
    opened.close();
  }
}

/** Changes the record of April, or its staged message. */
function damage(embedded: Embedded, table: 'slots' | 'messages', change: (json: string) => string): string {
  const column = table === 'slots' ? 'record' : 'message';
  let changed = '';
  database(embedded, (opened) => {
    const { json } = opened.prepare(`SELECT ${column} AS json FROM ${table} WHERE slot = ?`).get(april.id)!;
    changed = change(json as string);
    opened.prepare(`UPDATE ${table} SET ${column} = ? WHERE slot = ?`).run(changed, april.id);
  });
  return changed;
}

const without = (member: string) => (json: string) => JSON.stringify({ ...JSON.parse(json), [member]: null });

describe('A damaged item', () => {
  it.each([
    ['slots', 'counts'],
    ['slots', 'rows'],
    ['slots', 'revision'],
    ['slots', 'slot'],
    ['messages', 'slot'],
    ['messages', 'message_id'],
    ['messages', 'read_at'],
    ['messages', 'timestamp'],
  ] as const)('of %s without %s is named once, and its slot is read and repaired', async (table, member) => {
    const { embedded, source } = await archived();
    const before = await storedRows(embedded.parts, april);
    damage(embedded, table, without(member));
    expect((await verify(embedded.parts)).differences).toEqual([
      expect.stringMatching(
        new RegExp(`of slot ${april.id} \\(invalid: ${member}\\) in sqlite:.* is damaged\\. A run reads`),
      ),
    ]);
    source.passes.length = 0;
    const { report } = await runAll(embedded.parts, source, { ...range, start: may.start });
    expect(report.problems).toEqual([]);
    expect(embedded.said.warnings).toEqual([
      expect.stringMatching(
        new RegExp(`^1 item of sqlite:.* of slot ${april.id} \\(invalid: ${member}\\)\\. This run`),
      ),
    ]);
    expect(source.passes[0]!.interval.start).toBe(april.start);
    expect(await storedRows(embedded.parts, april)).toEqual(before);
    const { damaged, staged, ledger } = await embedded.parts.staging.state();
    expect(damaged).toBeUndefined();
    expect(staged.map(({ message_id }) => message_id)).toEqual(['0-open', '1-open']);
    expect(ledger.map(({ slot, rows, counts }) => [slot, rows, counts?.open])).toEqual([
      [april.id, 3, 1],
      [may.id, 3, 1],
    ]);
    expect((await verify(embedded.parts)).differences).toEqual([]);
  });

  it('that is pending is removed once its message is closed', async () => {
    const { embedded, source, truth } = await archived();
    damage(embedded, 'messages', () => '{"slot":');
    truth.put({ id: '0-open', at: april.start + 9, statuses: ['closed'] });
    await runAll(embedded.parts, source, range);
    const { damaged, staged } = await embedded.parts.staging.state();
    expect([damaged, staged.map(({ message_id }) => message_id)]).toEqual([undefined, ['1-open']]);
    expect((await storedRows(embedded.parts, april)).map(({ id }) => id)).toContain('0-open');
  });

  it('whose message the source no longer returns is not dropped without consent', async () => {
    const { embedded, source, truth } = await archived();
    damage(embedded, 'messages', without('timestamp'));
    truth.remove('0-open');
    const { tally } = await runAll(embedded.parts, source, range);
    expect(tally.failed).toMatchObject([{ code: 'slot-shrunk', message: expect.stringContaining('0-open') }]);
  });

  it.each(['took_ms', 'rows'])('(%s) does not hide that its object is missing', async (member) => {
    const { embedded, source } = await archived();
    damage(embedded, 'slots', without(member));
    await rm(join(embedded.folder, 'archive', (await embedded.parts.archive.list())[0]!.path));
    const { tally } = await runAll(embedded.parts, source, range);
    expect(tally.failed).toMatchObject([
      { code: 'object-missing', message: expect.stringMatching(/held (3 )?messages/) },
    ]);
    expect((await embedded.parts.staging.state()).damaged).toBeUndefined();
  });

  it.each(["'abc'", '0', '-5', '1e300', '9223372036854775807', "x'00ff'"])(
    'with the revision %s in its own column is replaced',
    async (revision) => {
      const { embedded, source } = await archived();
      database(embedded, (opened) => opened.exec(`UPDATE slots SET revision = ${revision}`));
      expect((await embedded.parts.staging.state()).damaged).toHaveLength(2);
      const { tally } = await runAll(embedded.parts, source, range);
      expect(tally.failed).toEqual([]);
      expect((await embedded.parts.staging.state()).damaged).toBeUndefined();
    },
  );
});

describe('560 mutations', () => {
  it('of stored JSON never stop a plan or a verification', async () => {
    const { embedded, source } = await archived();
    const original = { slots: '', messages: '' };
    for (const table of ['slots', 'messages'] as const)
      damage(embedded, table, (json) => {
        original[table] = json;
        return json;
      });
    for (let seed = 0; seed < 560; seed += 1) {
      const pick = chance(seed);
      const table = pick(3) === 0 ? 'messages' : 'slots';
      const json = damage(embedded, table, () => mutated(original[table], pick));
      const { damaged = [] } = await embedded.parts.staging.state();
      const made = await plan(embedded.parts, { live: source, settled: source }, scope);
      if (damaged.length > 0)
        expect(
          made.slots.find(({ slot }) => slot.id === april.id),
          `seed ${seed}: ${json}`,
        ).toMatchObject({ action: 'read' });
      if (seed % 20 === 0) {
        const { differences } = await verify(embedded.parts);
        expect(differences.filter((text) => text.includes('is damaged. A run')).length, json).toBe(damaged.length);
      }
      if (seed % 20 === 1) {
        await runAll(embedded.parts, source, range);
        expect((await embedded.parts.staging.state()).damaged, `seed ${seed}: ${json}`).toBeUndefined();
      }
      damage(embedded, table, () => original[table]);
      if (seed % 20 === 1)
        database(embedded, (opened) => {
          const { revision } = JSON.parse(original.slots) as LedgerRecord;
          opened.prepare('UPDATE slots SET revision = ? WHERE slot = ?').run(revision, april.id);
          opened.prepare('UPDATE slots SET record = ? WHERE slot = ?').run(original.slots, april.id);
          opened.prepare('UPDATE messages SET message = ? WHERE slot = ?').run(original.messages, april.id);
        });
    }
    expect(embedded.said.errors).toEqual([]);
  });

  it('of DynamoDB items leave records that a run can replace', () => {
    const record = { ...ledgerRecord({ slot: april.id }), unowned: { count: 0, messages: [] } };
    const message = stagedMessage({ slot: april.id });
    for (let seed = 0; seed < 560; seed += 1) {
      const pick = chance(seed);
      const isRecord = pick(2) === 0;
      const json = mutated(JSON.stringify(isRecord ? record : message), pick);
      const value = objectIn(json);
      const sk = isRecord ? slotKey(april.id) : messageKey(april.id, message.message_id);
      const item: StoredItem = storedItems([{ ...attributesOf(value), sk: { S: sk } }])[0]!;
      const { ledger, staged, damaged = [] } = stateOf([item]);
      expect(ledger.length + staged.length + damaged.length).toBe(1);
      for (const { start } of damaged) expect(start).toBe(april.start);
      const repaired: LedgerRecord | StagedMessage = isRecord
        ? recordOf(item, april.id)
        : stagedMessageOf(item, april.id)!;
      const stored = { kind: item.kind, key: '', known: {}, value: repaired };
      const isNew = 'revision' in repaired && repaired.revision === 0;
      expect(
        stateOf([isNew ? { ...stored, value: { ...repaired, revision: 1 } } : stored]).damaged,
        json,
      ).toBeUndefined();
    }
  });

  it('of the record of a source leave one that a run can replace', () => {
    const item = {
      kind: 'source' as const,
      key: 'api',
      known: { source: 'api' },
      value: { source: null, revision: 7, outside: 'x' },
    };
    expect(sourceRecordOf(item, 'api')).toEqual({ source: 'api', revision: 7 });
    expect(stateOf([item]).damaged).toMatchObject([{ kind: 'source', member: 'source' }]);
  });
});

function objectIn(json: string): object {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Attributes of the members that have a type of DynamoDB's; the others as NULL. */
function attributesOf(value: object) {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      try {
        return [name, toAttributes({ member }).member!];
      } catch {
        return [name, { NULL: true as const }];
      }
    }),
  );
}
