import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Format } from '../../src/archive/schema.ts';
import { verify } from '../../src/commands/verify.ts';
import { DAY_MS, type Interval } from '../../src/windows/interval.ts';
import { slotAt, slotsIn } from '../../src/windows/slot.ts';
import { Crasher } from '../support/crashing.ts';
import { filesBelow, plainSettings, quarantineOf, runAll, storedRows } from '../support/embedded.ts';
import { sharedBytes } from '../support/messages.ts';
import { ModelSource, Truth } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';

const now = Date.parse('2024-09-01');
const april: Interval = { start: Date.parse('2024-04-01'), end: Date.parse('2024-05-01') };
const slot = slotAt(april.start, plainSettings.layout);
const day = (n: number) => april.start + n * DAY_MS;

const { newParts, scan } = useEmbedded(now);

const sourceOf = (truth: Truth, format: Format = 'parquet') => new ModelSource(truth, scan(format));

/** One message in each state, and one that the source holds twice. */
function oneOfEach(): Truth {
  const truth = new Truth();
  truth.put({ id: 'closed', at: day(1), statuses: ['closed', 'CLOSED'] });
  truth.put({ id: 'open', at: day(2), statuses: ['closed', 'open'] });
  truth.put({ id: 'unalerted', at: day(3), statuses: [] });
  truth.putRaw('invalid', day(4), `{"timestamp":${day(4)},"alerts":[]}`);
  truth.put({ id: 'twice', at: day(5), statuses: ['closed'] });
  truth.put({ id: 'twice', at: day(5), statuses: ['closed'] }, 'again');
  return truth;
}

describe.each(['parquet', 'jsonl'] as const)('an archive of %s', (format) => {
  const settings = { ...plainSettings, format };

  it('promise 1: is complete, and accounts for every message read', async () => {
    const embedded = await newParts({ settings });
    const { report } = await runAll(embedded.parts, sourceOf(oneOfEach(), format), april);
    const { record, staged } = await embedded.parts.staging.slot(slot);
    expect(report.isComplete).toBe(true);
    expect(record?.counts).toEqual({ read: 6, closed: 2, open: 1, unalerted: 1, invalid: 1, duplicates: 1 });
    expect(record?.source_count?.total).toBe(6);
    expect(staged.map(({ message_id }) => message_id)).toEqual(['open']);
  });

  it('promise 2: holds each message once, sorted, with the same bytes after any number of runs', async () => {
    const embedded = await newParts({ settings });
    const truth = new Truth();
    for (const id of ['\u{10000}', 'b', '\uffff', 'a', 'é']) truth.put({ id, at: day(1), statuses: ['closed'] });
    truth.put({ id: 'first', at: day(0), statuses: ['closed'] });
    await runAll(embedded.parts, sourceOf(truth, format), april);
    const [before] = await embedded.parts.archive.list();
    expect((await storedRows(embedded.parts, slot)).map(({ id }) => id)).toEqual([
      'first',
      'a',
      'b',
      'é',
      '\uffff',
      '\u{10000}',
    ]);
    for (let time = 0; time < 2; time += 1) {
      embedded.clock.now += DAY_MS;
      const { tally } = await runAll(embedded.parts, sourceOf(truth, format), april, { refresh: true });
      expect(tally.done.map(({ isWritten, added }) => [isWritten, added])).toEqual([[false, 0]]);
    }
    expect(await embedded.parts.archive.list()).toEqual([before]);
  });

  it('promise 3: never holds less, and names re-opened, amended, unalerted and removed messages', async () => {
    const embedded = await newParts({ settings });
    const truth = new Truth();
    const ids = ['reopened', 'amended', 'respelled', 'unalerted', 'removed', 'same'];
    ids.forEach((id, n) => {
      truth.put({ id, at: day(n), statuses: ['closed'] });
    });
    await runAll(embedded.parts, sourceOf(truth, format), april);
    const before = new Map((await storedRows(embedded.parts, slot)).map((row) => [row.id, row]));
    truth.put({ id: 'reopened', at: day(0), statuses: ['open'] });
    truth.put({ id: 'amended', at: day(1), statuses: ['closed'], text: 'amended' });
    const { json } = truth.held.get('respelled')!;
    truth.putRaw('respelled', day(2), JSON.stringify(JSON.parse(json), null, 2));
    truth.put({ id: 'unalerted', at: day(3), statuses: [] });
    truth.remove('removed');
    embedded.clock.now += DAY_MS;
    await runAll(embedded.parts, sourceOf(truth, format), april, { refresh: true, acceptFewer: true });
    const after = await storedRows(embedded.parts, slot);
    expect(after.map(({ id }) => id)).toEqual(ids);
    for (const row of after.filter(({ id }) => id !== 'amended')) expect(row).toEqual(before.get(row.id));
    expect(after[1]).toMatchObject({ payload: truth.held.get('amended')!.json, readAt: now + DAY_MS });
    const { record, staged } = await embedded.parts.staging.slot(slot);
    expect(record?.cases).toEqual({ reopened: 1, amended: 2, removed: 1, removed_pending: 0, conflicting: 0 });
    expect(staged).toMatchObject([{ message_id: 'reopened', reason: 'reopened' }]);
    const said = embedded.said.warnings.join('\n');
    for (const words of [
      're-opened: "reopened"',
      'amended at source: "amended", "unalerted"',
      'removed at source: "removed"',
    ])
      expect(said).toMatch(new RegExp(words));
    truth.put({ id: 'reopened', at: day(0), statuses: ['closed'], text: 'closed again' });
    embedded.clock.now += DAY_MS;
    await runAll(embedded.parts, sourceOf(truth, format), april);
    expect((await storedRows(embedded.parts, slot))[0]?.payload).toBe(truth.held.get('reopened')!.json);
    expect((await embedded.parts.staging.slot(slot)).staged).toEqual([]);
  });

  it('promise 5: holds the exact bytes of the source', async () => {
    const embedded = await newParts({ settings });
    const truth = new Truth();
    const at = `"timestamp":"2024-04-02T00:00:00.1234567Z"`;
    const texts = [
      `{"z":1e+2,"message_id":"a",${at},"a":1.0,"alerts":[{"status":"closed","unknown":[1,  2]}],"big":12345678901234567890}`,
      `{"alerts":[{"status":"\\u0063losed"}],"b":-0,${at},"message_id":"b","b":0.10,"u":"\\ud83d\\ude00 \u{1f600}\\/"}`,
      `{"message_id":17,${at},"alerts":[{"alert_id":null,"status":"Closed"}],"message":{"message":",\\"message\\":"}}`,
    ];
    texts.forEach((text, n) => {
      truth.putRaw(`${n}`, day(1), text);
    });
    await runAll(embedded.parts, sourceOf(truth, format), april);
    const rows = await storedRows(embedded.parts, slot);
    expect(rows.map(({ id, payload }) => [id, payload])).toEqual([
      ['17', texts[2]],
      ['a', texts[0]],
      ['b', texts[1]],
    ]);
    for (const { payload, sha, timestamp } of rows) {
      expect(sha).toBe(createHash('sha256').update(payload).digest('hex'));
      expect(timestamp).toBe(BigInt(day(1)) * 1000n + 123_456n);
    }
  });

  it('promise 6: holds no message with an open alert when it was read', async () => {
    const embedded = await newParts({ settings });
    const truth = new Truth();
    const alerts = [
      '[{"status":"open"}]',
      '[{"status":"closed"},{}]',
      '[{"status":null}]',
      '[]',
      'null',
      '[7]',
      '["closed"]',
    ];
    alerts.forEach((text, n) => {
      truth.putRaw(`m${n}`, day(n), `{"message_id":"m${n}","timestamp":${day(n)},"alerts":${text}}`);
    });
    truth.put({ id: 'closed', at: day(9), statuses: ['closed'] });
    await runAll(embedded.parts, sourceOf(truth, format), april);
    expect((await storedRows(embedded.parts, slot)).map(({ id }) => id)).toEqual(['closed']);
    const { staged } = await embedded.parts.staging.slot(slot);
    expect(staged.map(({ message_id }) => message_id)).toEqual(['m0', 'm1', 'm2', 'm5', 'm6']);
  });
});

it('promise 4: shows a slot before or after an update, never in between, wherever the update is interrupted', async () => {
  const truth = oneOfEach();
  const embedded = await newParts();
  await runAll(embedded.parts, sourceOf(truth), april);
  const before = await storedRows(embedded.parts, slot);
  truth.put({ id: 'open', at: day(2), statuses: ['closed'] });
  for (const when of ['before', 'after'] as const) {
    embedded.clock.now += DAY_MS;
    const crasher = new Crasher({ method: 'publish', call: 0, when });
    const { parts } = embedded;
    const mortal = { ...parts, archive: crasher.watch(parts.archive), staging: crasher.watch(parts.staging) };
    await expect(runAll(mortal, sourceOf(truth), april)).rejects.toThrow();
    const ids = (await storedRows(parts, slot)).map(({ id }) => id);
    expect(ids).toEqual(when === 'before' ? before.map(({ id }) => id) : ['closed', 'open', 'twice']);
  }
});

it('promise 7: resumes where it was killed, slot by slot', async () => {
  const range = { start: Date.parse('2024-01-01'), end: Date.parse('2024-05-01') };
  const slots = slotsIn(range, plainSettings.layout);
  const truth = new Truth();
  for (const { start } of slots) truth.put({ id: `m${start}`, at: start + 2 * DAY_MS, statuses: ['closed'] });
  const embedded = await newParts();
  let kills = 0;
  for (let runs = 0; runs < slots.length * 2; runs += 1) {
    embedded.clock.now += 1000;
    const crasher = new Crasher({ method: 'record', call: 1, when: 'after' });
    const { parts } = embedded;
    const mortal = { ...parts, archive: crasher.watch(parts.archive), staging: crasher.watch(parts.staging) };
    const isDone = await runAll(mortal, sourceOf(truth), range).then(
      () => true,
      () => false,
    );
    if (isDone) break;
    kills += 1;
  }
  expect(kills).toBe(Math.floor(slots.length / 2));
  expect((await embedded.parts.archive.list()).length).toBe(slots.length);
  expect((await verify(embedded.parts)).differences).toEqual([]);
});

it('promise 8: keeps payloads within its memory budget; the rest goes to disk and is removed', async () => {
  const embedded = await newParts({ spoolBytes: 0 });
  const truth = new Truth();
  for (let n = 0; n < 20; n += 1)
    truth.put({ id: `m${n}`, at: day(n), statuses: ['closed'], text: 'x'.repeat(50_000) });
  let seen: string[] = [];
  const source = sourceOf(truth);
  const after = async () => {
    seen = await filesBelow(embedded.parts.temporary);
  };
  source.manners = { ...source.manners, after };
  const { publish } = embedded.parts.archive;
  embedded.parts.archive.publish = async (...parameters) => {
    seen = await filesBelow(embedded.parts.temporary);
    return publish.apply(embedded.parts.archive, parameters);
  };
  await runAll(embedded.parts, source, april);
  expect(seen).toEqual([expect.stringMatching(/\.spool$/)]);
  expect(await filesBelow(embedded.parts.temporary)).toEqual([]);
  expect((await storedRows(embedded.parts, slot)).length).toBe(20);
});

it('promise 9: keeps and counts invalid messages with their reason, without failing', async () => {
  const embedded = await newParts();
  const truth = oneOfEach();
  const texts = ['{"message_id":"x" "y"}', '"\u{1f600}"', '{"message_id":"z","timestamp":"later","alerts":[]}'];
  texts.forEach((text, n) => {
    truth.putRaw(`invalid-${n}`, day(6 + n), text);
  });
  const source = sourceOf(truth);
  const { report } = await runAll(embedded.parts, source, april);
  expect(report.isComplete).toBe(true);
  const { record } = await embedded.parts.staging.slot(slot);
  expect(record?.counts).toMatchObject({ read: 9, closed: 2, invalid: 4 });
  const lines = await quarantineOf(embedded, slot);
  expect(lines.length).toBe(4);
  const kept = texts.map((text) => lines.find(({ payload }) => payload === text));
  expect(kept).toEqual([
    expect.objectContaining({ reason: 'not valid JSON', payload: texts[0] }),
    expect.objectContaining({ reason: 'not a JSON object', payload: texts[1] }),
    expect.objectContaining({ reason: 'timestamp cannot be parsed', payload: texts[2] }),
  ]);
});

it('promise 9: keeps invalid bytes that are not UTF-8 as base64', async () => {
  const embedded = await newParts();
  const bytes = Buffer.from('{"message_id":"\xff","alerts":[]}', 'latin1');
  const source = sourceOf(new Truth());
  source.read = async (interval, _attempt, take) => {
    source.passes.push({ interval, attempt: 0 });
    const page = Buffer.concat([Buffer.from('{"messages":['), bytes, Buffer.from(']}')]);
    await take(await scan()(sharedBytes(page), { messages: ['messages'], total: ['total'], message: [] }));
    return { totals: [1], count: { total: 1 } };
  };
  await runAll(embedded.parts, source, april);
  const sha = createHash('sha256').update(bytes).digest('hex');
  expect(await quarantineOf(embedded, slot)).toEqual([
    {
      reason: 'not valid UTF-8',
      payload_sha256: sha,
      payload_base64: bytes.toString('base64'),
    },
  ]);
});
