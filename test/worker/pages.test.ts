import { hash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { type Page, PageError } from '../../src/messages/page.ts';
import { pageScanner } from '../../src/worker/pages.ts';
import { Threads } from '../../src/worker/threads.ts';
import { messageText, pageBytes, pageShape, plainShape, sharedBytes } from '../support/messages.ts';

const threads = new Threads(1);
afterAll(() => threads.close());

const scan = pageScanner(threads, plainShape, false);
const scanLines = pageScanner(threads, plainShape, true);
const spread = '{\r\n "message_id": "b",\n"timestamp":"2024-06-01",\t"alerts":[]\r}';
const broken = '{"message_id":"c"\n"timestamp"}';

function shasOf({ shas }: Page): string[] {
  return Array.from({ length: shas.length / 32 }, (_, n) =>
    Buffer.from(shas.subarray(n * 32, n * 32 + 32)).toString('hex'),
  );
}

describe('pageScanner', () => {
  it('finds the messages', async () => {
    const texts = [messageText('ä', '2024-06-01T00:00:00.000001Z'), spread, broken];
    const bytes = pageBytes(texts, 17);
    const copy = Buffer.from(bytes);
    const page = await scan(bytes, pageShape);
    expect(page.bytes).toBe(bytes);
    expect(Buffer.from(page.bytes)).toEqual(copy);
    expect(page.total).toBe(17);
    expect(page.messages.map(({ state, id }) => [state, id])).toEqual([
      ['closed', 'ä'],
      ['unalerted', 'b'],
      ['invalid', 'c'],
    ]);
    expect(page.messages[0]!.timestamp).toBe(1717200000000001n);
    expect(page.messages.map(({ start, end }) => copy.toString('utf8', start, end))).toEqual(texts);
    expect(shasOf(page)).toEqual(texts.map((text) => hash('sha256', text)));
  });

  it('accepts a view of a larger buffer', async () => {
    const page = pageBytes([spread]);
    const bytes = new Uint8Array(new SharedArrayBuffer(1 << 20), 100, page.length);
    bytes.set(page);
    const { messages } = await scan(bytes, pageShape);
    expect(messages.map(({ start, end }) => Buffer.from(bytes.subarray(start, end)).toString())).toEqual([spread]);
  });

  it('makes each valid message one line if requested', async () => {
    const page = await scanLines(pageBytes([spread, broken]), pageShape);
    const texts = page.messages.map(({ start, end }) => Buffer.from(page.bytes.subarray(start, end)).toString());
    expect(texts).toEqual([spread.replaceAll(/[\r\n]/g, ' '), broken]);
    expect(shasOf(page)).toEqual(texts.map((text) => hash('sha256', text)));
  });

  it('accepts empty pages, and pages without a total', async () => {
    expect(await scan(pageBytes([]), pageShape)).toMatchObject({ total: 0, messages: [] });
    const untold = sharedBytes('{"messages":[]}');
    expect(await scan(untold, pageShape)).not.toHaveProperty('total');
  });

  it.each([
    ['nothing at all', ''],
    ['half a page', '{"total":1,"messages":[{'],
    ['no list', '{"total":1}'],
    ['a total that is none', '{"total":-1,"messages":[]}'],
  ])('throws a PageError for %s and remains usable', async (_, text) => {
    const error = await scan(sharedBytes(text), pageShape).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PageError);
    expect((error as PageError).message).toMatch(/^its? /);
    expect((await scan(pageBytes([]), pageShape)).messages).toEqual([]);
  });
});
