import { describe, expect, it, onTestFinished } from 'vitest';
import type { LedgerRecord, SourceRecord, StagedMessage } from '../../../src/archive/ledger.ts';
import type { Staging } from '../../../src/io/ports.ts';
import { type Layout, slotAt } from '../../../src/windows/slot.ts';
import { ledgerRecord, stagedMessage } from '../../support/ledger.ts';

export interface StagingUnderTest {
  /** Empty, and prepared. */
  readonly staging: Staging;
  /** Another client of the same archive's staging. */
  secondHandle(): Promise<Staging>;
  /** The staging of another archive in the same store. */
  otherArchive(): Promise<Staging>;
  cleanUp(): Promise<void>;
}

/** The staging of two archives in one store. @param make a client of the archive's */
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

/** Ids that a store may take for another, cut, or refuse. */
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

/** Every promise of the {@link Staging} port. */
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

    it('keeps a record of a source beside those of slots, and none takes it for one', async () => {
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

    it('writes only over the revision that it is told', async () => {
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
    it('keeps every attribute, and those that are absent absent', async () => {
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

    it('is written only where none was, with revision 0', async () => {
      const { staging, secondHandle } = await start();
      const first = ledgerRecord({ slot: slot.id });
      expect(await staging.record(first, 0)).toBe(true);
      for (const handle of [staging, await secondHandle()]) {
        expect(await handle.record(ledgerRecord({ slot: slot.id, rows: 99 }), 0)).toBe(false);
      }
      expect((await staging.slot(slot)).record).toEqual(first);
    });

    it('is replaced at its own revision, and at no other', async () => {
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

    it.each([0, 1])('lets one of many writers win who expect revision %i', async (revision) => {
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
    it('replaces a message unless the one there was read later', async () => {
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

    it('replaces every attribute, also one that is no longer there', async () => {
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

    it('judges each message of a list by itself', async () => {
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

    it('takes empty lists, and the removal of what is not there', async () => {
      const { staging } = await start();
      await staging.stage([]);
      await staging.unstage(slot, [], late);
      await staging.unstage(slot, ['message-1'], late);
      expect(await staging.state()).toEqual({ ledger: [], staged: [] });
    });

    it('keeps one id of two slots apart', async () => {
      const { staging } = await start();
      await staging.stage([stagedMessage({ slot: slot.id }), stagedMessage({ slot: nextSlot.id })]);
      await staging.unstage(slot, ['message-1'], late);
      expect((await staging.state()).staged).toEqual([stagedMessage({ slot: nextSlot.id })]);
    });

    it('keeps ids of every kind, each for itself', async () => {
      const { staging, secondHandle } = await start();
      const messages = ids.map((id, n) => stagedMessage({ slot: slot.id, message_id: id, checks: n }));
      await staging.stage(messages);
      expect(sorted((await (await secondHandle()).slot(slot)).staged)).toEqual(sorted(messages));
      for (const [n, id] of ids.entries()) {
        await staging.unstage(slot, [id], late);
        expect(sorted((await staging.slot(slot)).staged)).toEqual(sorted(messages.slice(n + 1)));
      }
    });

    it('keeps as many open alerts as a message may name', async () => {
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
    it('are kept by name until they are replaced, and every handle sees the last one', async () => {
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

    it('are of one archive, and neither a slot nor a staged message', async () => {
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
    it('holds everything, over any number of pages, as its slots do', async () => {
      const { staging, secondHandle } = await start();
      const open_alerts = Array.from({ length: 20 }, (_, n) => String(n).padEnd(256, 'a'));
      const messages = Array.from({ length: 360 }, (_, n) =>
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
        messages.map(({ message_id }) => message_id),
        late,
      );
      expect(sorted((await other.state()).staged)).toEqual(sorted(messages.filter((each) => each.slot !== slot.id)));
    });

    it('is empty at first', async () => {
      const { staging } = await start();
      expect(await staging.state()).toEqual({ ledger: [], staged: [] });
      expect(await staging.slot(slot)).toEqual({ record: undefined, staged: [] });
    });

    it('is that of one archive', async () => {
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

    it('shows every write to every handle at once', async () => {
      const { staging, secondHandle } = await start();
      const other = await secondHandle();
      for (let n = 1; n <= 10; n += 1) {
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
