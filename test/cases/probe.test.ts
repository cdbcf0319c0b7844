import { describe, expect, it } from 'vitest';
import { api, Case, june, message, pageOf, sendJson } from './support/run.ts';

const held = june(25);
const dry = { 'dry-run': 'true' };

describe('a dry run reads one page, and says', () => {
  it('nothing where all fits', async () => {
    const { url, requests } = await api((asked) => pageOf(held, asked));
    const ran = await (await Case.make({ 'api-url': url.href })).run(dry);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.log).not.toContain('warning');
    expect(requests).toHaveLength(1);
  });

  it('which statuses there are where none is closed', async () => {
    const statuses = ['Resolved', 'Resolved', 'Pending'];
    const messages = held.map((one, n) => ({ ...one, alerts: [{ alert_id: 'a', status: statuses[n % 3] }] }));
    const { url } = await api((asked) => pageOf(messages, asked));
    const ran = await (await Case.make({ 'api-url': url.href })).run(dry);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.log).toContain(
      'No alert has status "closed"; statuses seen: "Resolved" (7), "Pending" (3). Check `closed-statuses`.',
    );
  });

  it.each<[string, Record<string, string>, (sent: object) => object, string]>([
    ['where the list is', {}, (sent) => ({ result: { items: [sent] } }), 'there is a list at /result/items'],
    ['where the id is', { 'message-id': '/uid' }, () => ({ messages: held }), 'there is an id at /message_id'],
    ['where the time is', { 'message-timestamp': '/at' }, () => ({ messages: held }), 'there is a time at /timestamp'],
  ])('%s, and ends there', async (_, inputs, body, words) => {
    const { url, requests } = await api(() => body(held[0]!));
    const made = await Case.make({ 'api-url': url.href, 'api-page-size': '50', ...inputs });
    const ran = await made.run(dry);
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.log).toContain(words);
    expect(requests).toHaveLength(1);
  });

  it('which input holds the token that the API does not accept', async () => {
    const { url, requests } = await api((_, response) => void sendJson(response, {}, 401));
    const ran = await (await Case.make({ 'api-url': url.href })).run(dry);
    expect(ran).toMatchObject({ code: 2 });
    expect(ran.log).toMatch(/401.*`api-token`/);
    expect(requests).toHaveLength(1);
  });
});

it('a probe that fails for a while ends no plan', async () => {
  const { url } = await api((asked, response) =>
    asked.count === 1 ? void sendJson(response, {}, 503) : pageOf(held, asked),
  );
  expect(await (await Case.make({ 'api-url': url.href })).run()).toMatchObject({
    code: 0,
    outputs: { archived: '25' },
  });
});

it('statuses are no concern once the archive has closed messages', async () => {
  const messages = [...held];
  const { url } = await api((asked) => pageOf(messages, asked));
  const made = await Case.make({ 'api-url': url.href });
  await made.run();
  messages.length = 0;
  messages.push(message('late', '2024-06-10T10:00:00Z', ['open']));
  expect((await made.run({ ...dry, refresh: 'true' })).log).not.toContain('No alert has status');
});
