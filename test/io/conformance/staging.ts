import { describe, expect, it, onTestFinished } from 'vitest';
import type { LedgerRecord, SourceRecord, StagedMessage } from '../../../src/archive/ledger.ts';
import type { Staging } from '../../../src/io/ports.ts';
import { type Layout, slotAt } from '../../../src/windows/slot.ts';
import { ledgerRecord, stagedMessage } from '../../support/ledger.ts';

export interface StagingUnderTest {
  /** Empty and prepared. */
  readonly staging: Staging;
  /** Another client of the same archive's staging. */
  secondHandle(): Promise<Staging>;
  /** The staging of another archive in the same store. */
  otherArchive(): Promise<Staging>;
  cleanUp(): Promise<void>;
}

/** The staging of two archives in one store. @param make creates a client for an archive */
export async function stagingUnderTest(make: (archive: string) => Staging): Promise<StagingUnderTest> {
  const handles: Staging[] = [];
  const open = async (archive: string) => {
    const staging = make(archive);
    handles.push(staging);
    await staging.prepare();
    return staging;
  };
  return {
    staging: await open('archive'),
    secondHandle: () => open('archive'),
    otherArchive: () => open('archive-2'),
    cleanUp: async () => void (await Promise.all(handles.map((handle) => handle.close()))),
  };
}

const layout: Layout = { windowDays: 60, partitionBy: 'month' };
const slots = Array.from({ length: 12 }, (_, month) => slotAt(Date.UTC(2024, month, 20), layout));
const [slot, nextSlot] = [slots[0]!, slots[1]!];
const [early, middle, late] = ['2024-08-01T00:00:00.000Z', '2024-08-01T00:00:00.001Z', '2024-08-02T00:00:00.000Z'];

/** Ids that a store may confuse, truncate or refuse. */
const ids: readonly string[] = [
  'plain',
  'Plain',
  ' plain',
  'plain ',
  '  ',
  'pl%in',
  '%',
  '_lain',
  '#',
  'a#b',
  '\u0000',
  'plain\u0000',
  'plain\u0000and more',
  '\u{1f4a5}\u{1f469}\u200d\u{1f4bb}',
  'caf\u00e9',
  'cafe\u0301',
  '\u{1d11e}',
  '\uffff',
  '"',
  "'; DROP TABLE messages; --",
  'back\\slash',
  'line\nbreak\r\n',
  '/../..',
  '0',
  '00',
  '1e3',
  'null',
  '{"S":"x"}',
  'x'.repeat(8_192),
  `${'x'.repeat(8_191)}y`,
  '\u{1f4a5}'.repeat(2_048),
];

/** The contract of the {@link Staging} port. */
export function stagingConformance(name: string, makeStaging: () => Promise<StagingUnderTest>): void {
  const start = async () => {
    const made = await makeStaging();
    onTestFinished(() => made.cleanUp());
    return made;
  };

  describe(`${name}: recordSource`, () => {
    const record: SourceRecord = {
      source: 'elasticsearch',
      revision: 1,
      read_at: early!,
      unplaced: {
        count: 3,
        duplicates: 1,
        reasons: [{ reason: 'missing timestamp', count: 2 }],
        objects: ['_quarantine/no-slot/a.jsonl'],
      },
      outside: 4,
      unsearched_count: 1,
      unsearched: [{ index: 'messages-old', why: 'closed' }],
      run_url: 'https://example.com/run',
    };

    it('stores a record of a source separately from those of slots', async () => {
      const { staging, secondHandle, otherArchive } = await start();
      expect(await staging.source('elasticsearch')).toBeUndefined();
      expect(await staging.recordSource(record, 0)).toBe(true);
      await staging.record(ledgerRecord({ slot: slot.id }), 0);
      await staging.stage([stagedMessage({ slot: slot.id })]);
      const second = await secondHandle();
      expect(await second.source('elasticsearch')).toEqual(record);
      expect(await second.source('api')).toBeUndefined();
      const state = await second.state();
      expect(state.sources).toEqual([record]);
      expect([state.ledger.map((each) => each.slot), state.staged.length]).toEqual([[slot.id], 1]);
      expect(await (await otherArchive()).source('elasticsearch')).toBeUndefined();
    });

    it('replaces only the expected revision', async () => {
      const { staging, secondHandle } = await start();
      const second = await secondHandle();
      expect(await staging.recordSource(record, 0)).toBe(true);
      expect(await second.recordSource(record, 0)).toBe(false);
      const error = { at: late!, code: 'source-unavailable', message: 'It broke.' } as const;
      expect(await second.recordSource({ source: 'elasticsearch', revision: 2, last_error: error }, 1)).toBe(true);
      expect(await staging.recordSource({ ...record, revision: 2 }, 1)).toBe(false);
      expect(await staging.source('elasticsearch')).toEqual({
        source: 'elasticsearch',
        revision: 2,
        last_error: error,
      });
    });
  });

  describe(`${name}: record`, () => {
    it('stores every attribute, and no absent one', async () => {
      const { staging } = await start();
      const full = ledgerRecord({ slot: slot.id });
      const bare: LedgerRecord = {
        slot: nextSlot.id,
        revision: 1,
        outside: 0,
        rows: 0,
        bytes_in: 0,
        bytes_out: 0,
        took_ms: 0,
      };
      expect(await staging.record(full, 0)).toBe(true);
      expect(await staging.record(bare, 0)).toBe(true);
      expect((await staging.slot(slot)).record).toStrictEqual(full);
      expect((await staging.slot(nextSlot)).record).toStrictEqual(bare);
    });

    it('is created only with revision 0', async () => {
      const { staging, secondHandle } = await start();
      const first = ledgerRecord({ slot: slot.id });
      expect(await staging.record(first, 0)).toBe(true);
      for (const handle of [staging, await secondHandle()]) {
        expect(await handle.record(ledgerRecord({ slot: slot.id, rows: 99 }), 0)).toBe(false);
      }
      expect((await staging.slot(slot)).record).toEqual(first);
    });

    it('is replaced only at the expected revision', async () => {
      const { staging, secondHandle } = await start();
      const other = await secondHandle();
      const second = ledgerRecord({ slot: slot.id, revision: 2, rows: 5 });
      expect(await staging.record(second, 1)).toBe(false);
      expect(await staging.record(ledgerRecord({ slot: slot.id }), 0)).toBe(true);
      expect(await other.record(second, 1)).toBe(true);
      expect(await staging.record(ledgerRecord({ slot: slot.id, revision: 2, rows: 6 }), 1)).toBe(false);
      expect(await staging.record(ledgerRecord({ slot: slot.id, revision: 4, rows: 7 }), 3)).toBe(false);
      expect((await staging.slot(slot)).record).toEqual(second);
    });

    it.each([0, 1])('succeeds for one of many writers who expect revision %i', async (revision) => {
      const { staging, secondHandle } = await start();
      if (revision === 1) await staging.record(ledgerRecord({ slot: slot.id }), 0);
      const handles = [staging, await secondHandle()];
      const records = Array.from({ length: 8 }, (_, n) =>
        ledgerRecord({ slot: slot.id, revision: revision + 1, rows: 100 + n }),
      );
      const won = await Promise.all(records.map((record, n) => handles[n % 2]!.record(record, revision)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await staging.slot(slot)).record).toEqual(records[won.indexOf(true)]);
    });
  });

  describe(`${name}: stage and unstage`, () => {
    it('replaces a message unless the stored one was read later', async () => {
      const { staging, secondHandle } = await start();
      const other = await secondHandle();
      const at = (read_at: string, checks: number) => stagedMessage({ slot: slot.id, read_at, checks });
      const kept = async () => (await other.slot(slot)).staged.map(({ checks }) => checks);
      await staging.stage([at(middle, 1)]);
      expect(await kept()).toEqual([1]);
      await other.stage([at(early, 2)]);
      expect(await kept()).toEqual([1]);
      await staging.stage([at(middle, 3)]);
      expect(await kept()).toEqual([3]);
      await other.stage([at(late, 4)]);
      expect(await kept()).toEqual([4]);
    });

    it('replaces every attribute, and removes absent ones', async () => {
      const { staging } = await start();
      await staging.stage([stagedMessage({ slot: slot.id, removed_at: late, reason: 'reopened' })]);
      const next = stagedMessage({ slot: slot.id, read_at: late, open_alerts: [], open_alert_count: 0 });
      await staging.stage([next]);
      expect((await staging.slot(slot)).staged).toStrictEqual([next]);
    });

    it('removes a message unless it was read later', async () => {
      const { staging, secondHandle } = await start();
      const other = await secondHandle();
      await staging.stage([stagedMessage({ slot: slot.id, read_at: middle })]);
      await other.unstage(slot, ['message-1'], early);
      expect((await staging.slot(slot)).staged).toHaveLength(1);
      await other.unstage(slot, ['message-1'], middle);
      expect((await staging.slot(slot)).staged).toEqual([]);
      await staging.stage([stagedMessage({ slot: slot.id, read_at: middle })]);
      await other.unstage(slot, ['message-1'], late);
      expect((await staging.slot(slot)).staged).toEqual([]);
    });

    it('compares each message of a list separately', async () => {
      const { staging } = await start();
      const message = (id: string, read_at: string, checks: number) =>
        stagedMessage({ slot: slot.id, message_id: id, read_at, checks });
      const kept = async () =>
        Object.fromEntries((await staging.slot(slot)).staged.map((m) => [m.message_id, m.checks]));
      await staging.stage([message('a', early, 1), message('b', late, 1)]);
      await staging.stage([message('a', middle, 2), message('b', middle, 2), message('c', middle, 2)]);
      expect(await kept()).toEqual({ a: 2, b: 1, c: 2 });
      await staging.unstage(slot, ['a', 'never there', 'b', 'c'], middle);
      expect(await kept()).toEqual({ b: 1 });
    });

    it('accepts empty lists, and ids that are not staged', async () => {
      const { staging } = await start();
      await staging.stage([]);
      await staging.unstage(slot, [], late);
      await staging.unstage(slot, ['message-1'], late);
      expect(await staging.state()).toEqual({ ledger: [], staged: [] });
    });

    it('stores the same id in two slots separately', async () => {
      const { staging } = await start();
      await staging.stage([stagedMessage({ slot: slot.id }), stagedMessage({ slot: nextSlot.id })]);
      await staging.unstage(slot, ['message-1'], late);
      expect((await staging.state()).staged).toEqual([stagedMessage({ slot: nextSlot.id })]);
    });

    it('stores ids of every kind separately', async () => {
      const { staging, secondHandle } = await start();
      const messages = ids.map((id, n) => stagedMessage({ slot: slot.id, message_id: id, checks: n }));
      await staging.stage(messages);
      expect(sorted((await (await secondHandle()).slot(slot)).staged)).toEqual(sorted(messages));
      for (const [n, id] of ids.entries()) {
        await staging.unstage(slot, [id], late);
        expect(sorted((await staging.slot(slot)).staged)).toEqual(sorted(messages.slice(n + 1)));
      }
    });

    it('stores the maximum number of open alerts', async () => {
      const { staging } = await start();
      const open_alerts = Array.from({ length: 100 }, (_, n) => String(n).padEnd(256, '\u{1f4a5}').toWellFormed());
      const message = stagedMessage({
        slot: slot.id,
        message_id: 'x'.repeat(8_192),
        open_alerts,
        open_alert_count: 12_345,
      });
      await staging.stage([message]);
      expect((await staging.slot(slot)).staged).toEqual([message]);
    });
  });

  describe(`${name}: notes`, () => {
    it('are stored by name, and every handle reads the latest one', async () => {
      const { staging, secondHandle } = await start();
      const other = await secondHandle();
      expect(await staging.note('issue')).toBeUndefined();
      await staging.keepNote('issue', '{"number":7}');
      await other.keepNote('Issue', 'another name');
      expect(await other.note('issue')).toBe('{"number":7}');
      const long = '\u{1f4a5}'.repeat(16_384);
      for (const text of ['8', '', 'a\nb', long]) {
        await other.keepNote('issue', text);
        expect(await staging.note('issue')).toBe(text);
      }
      expect(await staging.note('Issue')).toBe('another name');
    });

    it('belong to one archive, and are neither slots nor staged messages', async () => {
      const { staging, otherArchive } = await start();
      const other = await otherArchive();
      await staging.keepNote(slot.id, 'a note');
      expect(await staging.state()).toEqual({ ledger: [], staged: [] });
      expect(await staging.slot(slot)).toEqual({ record: undefined, staged: [] });
      expect(await staging.record(ledgerRecord({ slot: slot.id }), 0)).toBe(true);
      await staging.stage([stagedMessage({ slot: slot.id })]);
      expect(await staging.note(slot.id)).toBe('a note');
      expect(await other.note(slot.id)).toBeUndefined();
    });
  });

  describe(`${name}: state`, () => {
    it('contains everything, over several pages, as its slots do', async () => {
      const { staging, secondHandle } = await start();
      const open_alerts = Array.from({ length: 20 }, (_, n) => String(n).padEnd(256, 'a'));
      const messages = Array.from({ length: 240 }, (_, n) =>
        stagedMessage({ slot: slots[n % slots.length]!.id, message_id: `id ${n}`, open_alerts, open_alert_count: 20 }),
      );
      const records = slots.map(({ id }, n) => ledgerRecord({ slot: id, rows: n }));
      await staging.stage(messages);
      for (const record of records) await staging.record(record, 0);
      const other = await secondHandle();
      const state = await other.state();
      expect(sorted(state.staged)).toEqual(sorted(messages));
      expect(state.ledger.toSorted((a, b) => a.rows - b.rows)).toEqual(records);
      for (const each of slots) {
        const { record, staged } = await other.slot(each);
        expect(record).toEqual(state.ledger.find((kept) => kept.slot === each.id));
        expect(sorted(staged)).toEqual(sorted(state.staged.filter((kept) => kept.slot === each.id)));
      }
      await staging.unstage(
        slot,
        messages.slice(0, 60).map(({ message_id }) => message_id),
        late,
      );
      const isRemoved = (each: StagedMessage, n: number) => n < 60 && each.slot === slot.id;
      expect(sorted((await other.state()).staged)).toEqual(sorted(messages.filter((each, n) => !isRemoved(each, n))));
    });

    it('is empty at first', async () => {
      const { staging } = await start();
      expect(await staging.state()).toEqual({ ledger: [], staged: [] });
      expect(await staging.slot(slot)).toEqual({ record: undefined, staged: [] });
    });

    it('belongs to one archive', async () => {
      const { staging, otherArchive } = await start();
      const other = await otherArchive();
      await staging.stage([stagedMessage({ slot: slot.id })]);
      await staging.record(ledgerRecord({ slot: slot.id }), 0);
      expect(await other.state()).toEqual({ ledger: [], staged: [] });
      expect(await other.slot(slot)).toEqual({ record: undefined, staged: [] });
      expect(await other.record(ledgerRecord({ slot: slot.id, rows: 9 }), 0)).toBe(true);
      await other.unstage(slot, ['message-1'], late);
      const { record, staged } = await staging.slot(slot);
      expect(record?.rows).toBe(ledgerRecord({ slot: slot.id }).rows);
      expect(staged).toHaveLength(1);
    });

    it('is consistent for every handle after each write', async () => {
      const { staging, secondHandle } = await start();
      const other = await secondHandle();
      for (let n = 1; n <= 6; n += 1) {
        const [writer, reader] = n % 2 === 0 ? [staging, other] : [other, staging];
        await writer.record(ledgerRecord({ slot: slot.id, revision: n }), n - 1);
        await writer.stage([stagedMessage({ slot: slot.id, message_id: `id ${n}` })]);
        const state = await reader.state();
        expect(state.ledger.map(({ revision }) => revision)).toEqual([n]);
        expect(state.staged).toHaveLength(n);
        expect((await reader.slot(slot)).staged).toHaveLength(n);
      }
    });
  });
}

function sorted(messages: readonly StagedMessage[]): StagedMessage[] {
  const key = ({ slot: id, message_id }: StagedMessage) => `${id} ${message_id}`;
  return messages.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
