import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { api, Case, june, message, pageOf } from './support/run.ts';

const columns = 'subject: /subject string\nrisk: /risk double';

const withColumns = (count: number) =>
  june(count).map((each, n) => ({ ...each, subject: `subject ${n}`, risk: n / 7 }));

/** The object of a case's June. */
async function objectOf({ folder }: Case): Promise<string> {
  const names = (await readdir(join(folder, 'archive'), { recursive: true })).filter((name) =>
    /^month=.*parquet$/.test(name),
  );
  const name = names.find((each) => each.includes('2024-06'))!;
  return join(folder, 'archive', name);
}

async function filesOf({ folder }: Case, of: string): Promise<string[]> {
  return (await readdir(join(folder, 'archive', of), { recursive: true })).filter((name) => name.endsWith('.jsonl'));
}

it('case 26: 20,000 different invalid messages are one quarantine object a slot, and a repeat writes nothing', async () => {
  const start = Date.UTC(2024, 5, 17);
  const invalid = Array.from({ length: 20_000 }, (_, n) => ({
    timestamp: new Date(start + n).toISOString(),
    alerts: [],
    n,
  }));
  const messages = [...june(5), ...invalid];
  const { url } = await api((asked) => pageOf(messages, asked));
  const made = await Case.make({ 'api-url': url.href, 'api-page-size': '500' });
  expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '5', invalid: '20000' } });
  const files = await filesOf(made, '_quarantine');
  expect(files.length).toBe(1);
  const lines = await made.quarantined();
  expect(new Set(lines.map(({ payload }) => JSON.parse(String(payload)).n)).size).toBe(20_000);
  await made.run({ refresh: 'true' });
  expect(await filesOf(made, '_quarantine')).toEqual(files);
  const { ledger } = await made.ledger();
  const bytes = await readFile(join(made.folder, 'archive', '_quarantine', files[0]!));
  expect(ledger.flatMap(({ quarantine_sha256 }) => quarantine_sha256 ?? [])).toEqual([
    createHash('sha256').update(bytes).digest('hex'),
  ]);
});

it('verify finds every changed byte of an object, and names it as damage or forgery', async () => {
  const { url } = await api((asked) => pageOf(withColumns(25), asked));
  const made = await Case.make({ 'api-url': url.href, columns });
  expect(await made.run()).toMatchObject({ code: 0, outputs: { complete: 'true' } });
  expect(await made.run({ command: 'verify' })).toMatchObject({ code: 0 });
  const path = await objectOf(made);
  const bytes = await readFile(path);
  const { ledger } = await made.ledger();
  const shas = ledger.map(({ object_sha256 }) => object_sha256);
  expect(shas).toContain(createHash('sha256').update(bytes).digest('hex'));
  for (const place of [0, 0.2, 0.4, 0.6, 0.8, 0.999]) {
    const damaged = Buffer.from(bytes);
    damaged[Math.floor(place * bytes.length)]! ^= 0x20;
    await writeFile(path, damaged);
    const { code, log } = await made.run({ command: 'verify' });
    expect([place, code]).toEqual([place, 1]);
    expect(log).toMatch(/damaged or forged/);
    expect(log).not.toMatch(/run again, which checks and records it/);
  }
  // The next run does not adopt the last of them.
  const ran = await made.run({ refresh: 'true' });
  expect(ran.code).toBe(1);
  expect(ran.log).toContain('Restore it from an earlier version or a backup');
  await writeFile(path, bytes);
  expect(await made.run()).toMatchObject({ code: 0, outputs: { 'objects-written': '0', complete: 'true' } });
  expect(await made.run({ command: 'verify' })).toMatchObject({ code: 0 });
});

it('a copy of an archive, whose versions are others, is no difference', async () => {
  const { url } = await api((asked) => pageOf(withColumns(25), asked));
  const made = await Case.make({ 'api-url': url.href, columns });
  await made.run();
  const path = await objectOf(made);
  await writeFile(path, await readFile(path));
  expect(await made.run({ command: 'verify' })).toMatchObject({ code: 0 });
});

it('a slot that no longer returns a message fails and names it, though another came', async () => {
  let messages = june(15);
  const { url } = await api((asked) => pageOf(messages, asked));
  const made = await Case.make({ 'api-url': url.href });
  expect(await made.run()).toMatchObject({ code: 0 });
  messages = messages.map((each) => (each.message_id === 'm-00004' ? message('other', each.timestamp) : each));
  const ran = await made.run({ refresh: 'true' });
  expect(ran.code).toBe(1);
  expect(ran.log).toMatch(
    /Slot \S+ has shrunk: the source returned \d+ messages with alerts \(\d+ on \S+\); no longer returned: "m-00004"\. Check the source\. If the messages were removed on purpose, run with accept-fewer: true\. \[slot-shrunk\]/,
  );
  const accepted = await made.run({ refresh: 'true', 'accept-fewer': 'true' });
  expect(accepted).toMatchObject({ code: 0, outputs: { complete: 'true' } });
  expect(await made.archivedIds()).toEqual([...june(15).map(({ message_id }) => message_id), 'other'].sort());
  expect(await made.run({ refresh: 'true' })).toMatchObject({ code: 0 });
  expect((await filesOf(made, '_removed')).length).toBe(1);
});
