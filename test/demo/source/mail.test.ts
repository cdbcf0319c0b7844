import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Mailbox } from '../../../demo/source/mailbox.ts';
import { OptionError } from '../../../demo/source/options.ts';
import { startSource } from '../../../demo/source/server.ts';
import { readAll } from './reading.ts';

const WHOLE = { start_time: '2024-01-01', end_time: '2024-02-29' };
const OPTIONS = { from: '2024-01-01', to: '2024-03-01', oddities: 0, now: () => Date.UTC(2025, 0, 1) };
const PLAIN =
  'Message-ID: <one@example.com>\nSubject: First\n folded\nFrom: A <a@example.com>\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n\nHello,\nFrom here on.\n';
const LATIN1 = Buffer.from(
  'Message-Id: <two@example.com>\r\nSubject: Gr\xfc\xdfe\r\n\r\nSch\xf6n \x00 \xff\r\n',
  'latin1',
);
const UTF8 = Buffer.from('\ufeffSubject: Größe 👍\n\nÜber alles: "quoted" \\ \u2028 日本\n');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mail-'));
  mkdirSync(join(folder, 'mails', 'below'), { recursive: true });
  writeFileSync(join(folder, 'mails', '1.txt'), PLAIN);
  writeFileSync(join(folder, 'mails', '2.txt'), LATIN1);
  writeFileSync(join(folder, 'mails', '3.txt'), PLAIN.replace('First', 'Again'));
  writeFileSync(join(folder, 'mails', '4.json'), '{}');
  writeFileSync(join(folder, 'mails', 'below', '5'), UTF8);
  writeFileSync(join(folder, 'mails', 'empty'), '');
  const mbox = [
    `From a@example.com Mon\n${PLAIN}\nFrom b@example.com Tue\r\n`,
    LATIN1,
    '\r\nFrom c@example.com Wed\n',
    UTF8,
  ];
  writeFileSync(join(folder, 'mbox'), Buffer.concat(mbox.map((part) => Buffer.from(part))));
  mkdirSync(join(folder, 'nothing'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const contentsOf = (mailbox: Mailbox): Buffer[] =>
  Array.from({ length: mailbox.count }, (_, index) => mailbox.read(index));

test('a folder contains its regular files except JSON, by path', () => {
  const contents = contentsOf(Mailbox.open(join(folder, 'mails')));
  expect(contents).toEqual([PLAIN, LATIN1, PLAIN.replace('First', 'Again'), UTF8, ''].map((each) => Buffer.from(each)));
});

test('an mbox file is split into its emails, byte for byte', () => {
  expect(contentsOf(Mailbox.open(join(folder, 'mbox')))).toEqual(
    [PLAIN, LATIN1, UTF8].map((each) => Buffer.from(each)),
  );
});

test('an mbox file is split the same wherever a separator crosses a chunk', () => {
  const mail = (bytes: number): string => `Subject: long\n\n${'x'.repeat(bytes)}\n`;
  for (const bytes of [1_048_540, 1_048_546, 1_048_551, 1_048_557, 2_200_000]) {
    const mails = [mail(bytes), mail(3), mail(5)];
    const path = join(folder, 'long');
    writeFileSync(path, mails.map((text) => `From a\n${text}\n`).join(''));
    expect(contentsOf(Mailbox.open(path)).map(String)).toEqual([mail(bytes), mail(3), `${mail(5)}\n`]);
  }
});

test.each(['nothing', 'absent', 'mails/1.txt'])('%s is rejected', (path) => {
  expect(() => Mailbox.open(join(folder, path))).toThrow(OptionError);
});

test('emails are served with headers and raw text in any encoding', async () => {
  await using source = await startSource({ ...OPTIONS, mail: join(folder, 'mails') });
  const { total, messages } = await readAll(source, WHOLE);
  expect(total).toBe(5);
  const [first, second, third, fourth] = messages.map(({ message }) => message);
  expect(first).toMatchObject({
    message_id: 'one@example.com',
    channel: 'email',
    subject: 'First folded',
    from: 'A <a@example.com>',
    to: null,
    date: 'Mon, 1 Jan 2024 00:00:00 +0000',
    raw: PLAIN,
    raw_bytes: Buffer.byteLength(PLAIN),
    raw_encoding: 'utf-8',
  });
  expect(first).toHaveProperty('headers.1', ['Subject', 'First folded']);
  expect(second).toMatchObject({ message_id: 'two@example.com', subject: 'Grüße', raw_encoding: 'latin1' });
  expect(Buffer.from(second?.raw as string, 'latin1')).toEqual(LATIN1);
  expect(third).toMatchObject({ message_id: 'one@example.com~2', subject: 'Again folded' });
  expect(fourth).toMatchObject({ message_id: expect.stringMatching(/^mail-[0-9a-f]{32}$/), raw_encoding: 'utf-8' });
  expect(Buffer.from(fourth?.raw as string)).toEqual(UTF8);
});

test('emails have a history and a truth like any message', async () => {
  await using source = await startSource({ ...OPTIONS, oddities: 20, mail: join(folder, 'mbox'), messages: 3 });
  for (const as_of of ['2024-02-10', '2025-01-01']) {
    const { messages } = await readAll(source, { ...WHOLE, as_of });
    const truths = [...source.truth(as_of)];
    expect(messages.map(({ sha256, state }) => ({ sha256, state }))).toEqual(
      truths.map(({ sha256, state }) => ({ sha256, state })),
    );
  }
});

test('more messages than emails are rejected', async () => {
  const more = startSource({ ...OPTIONS, mail: join(folder, 'mbox'), messages: 4 });
  await expect(more).rejects.toThrow(/^The option --messages is 4, but there are only 3 emails/);
  await using fewer = await startSource({ ...OPTIONS, mail: join(folder, 'mbox'), messages: 2 });
  expect((await readAll(fewer, WHOLE)).total).toBe(2);
});
