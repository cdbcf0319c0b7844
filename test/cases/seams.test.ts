import { expect, it } from 'vitest';
import { api, Case, june, message, pageOf } from './support/run.ts';

/** A message, and when it arrived at the source. */
const arrived = (id: string, sent: string, arrived_at: string) => ({ ...message(id, sent), arrived_at });

/** An API that filters by the time of arrival, and sends messages with the time at which they were sent. */
function byArrival(messages: readonly ReturnType<typeof arrived>[]) {
  return api((asked) => {
    const { messages: found, total } = pageOf(
      messages.map(({ arrived_at, ...sent }) => ({ timestamp: arrived_at, sent: { ...sent, arrived_at } })),
      asked,
    );
    return { messages: found.map(({ sent }) => sent), total };
  });
}

it('case 4: a message that an API filtering by arrival leaves in no slot is named, and the run is red', async () => {
  const messages = [
    ...june(25).map((each) => arrived(each.message_id, each.timestamp, each.timestamp)),
    arrived('early', '2024-05-20T12:00:00Z', '2024-05-20T12:00:00Z'),
    arrived('late', '2024-05-31T12:00:00Z', '2024-06-05T12:00:00Z'),
  ];
  const { url } = await byArrival(messages);
  const made = await Case.make({ 'api-url': url.href, from: '2024-05-17' });
  const said = '"late" of 2024-05-31T12:00:00.000Z, returned for 2024-06-01 to 2024-06-30. ';
  for (const inputs of [{}, { 'as-of': '2024-11-02' }, { 'as-of': '2024-11-03' }]) {
    const ran = await made.run(inputs);
    expect(ran).toMatchObject({ code: 1, outputs: { complete: 'false' } });
    expect(ran.log).toContain(
      `::error::1 message with alerts was returned for a time other than its own timestamp and is in no slot: ${said}`,
    );
    expect(ran.log).toContain('`message-timestamp`');
    expect(ran.summary).toContain(said.slice(1, 5));
  }
  expect(await made.archivedIds()).not.toContain('late');
  const right = await Case.make({ 'api-url': url.href, from: '2024-05-17', 'message-timestamp': '/arrived_at' });
  expect(await right.run()).toMatchObject({ code: 0, outputs: { archived: '27', complete: 'true' } });
});

it('messages that both readings at a seam return are known to their own slot, closed and open', async () => {
  const messages = [
    message('a', '2024-05-31T23:00:00Z'),
    message('b', '2024-06-01T01:00:00Z', ['open']),
    message('c', '2024-06-30T23:00:00Z', ['open']),
    message('d', '2024-07-01T01:00:00Z'),
    message('e', '2024-07-16T01:00:00Z'),
  ];
  const { url } = await api((asked) => pageOf(messages, asked));
  const made = await Case.make({ 'api-url': url.href, from: '2024-05-17', to: '2024-08-01' });
  expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '3', open: '2', complete: 'true' } });
  expect(JSON.stringify(await made.ledger())).not.toContain('unowned');
});

it('a message that arrived late at a seam has its own slot read again', async () => {
  const messages = [message('a', '2024-05-31T11:00:00Z'), message('b', '2024-06-01T01:00:00Z')];
  // Without totals, so that no audit finds it.
  const { url } = await api((asked) => ({ messages: pageOf(messages, asked).messages }));
  const made = await Case.make({ 'api-url': url.href, from: '2024-05-17', 'scrub-windows': '0' });
  expect((await made.run()).code).toBe(0);
  messages.push(message('late', '2024-05-31T12:00:00Z'));
  const june = { from: '2024-06-01', refresh: 'true', 'as-of': '2024-11-02' };
  expect(await made.run(june)).toMatchObject({ code: 1, outputs: { complete: 'false' } });
  const ran = await made.run({ 'as-of': '2024-11-03' });
  expect(ran).toMatchObject({ code: 0, outputs: { archived: '1', complete: 'true' } });
  expect(ran.log).toContain('missed message');
  expect(await made.archivedIds()).toEqual(['a', 'b', 'late']);
  expect(await made.run({ 'as-of': '2024-11-04' })).toMatchObject({ code: 0, outputs: { 'objects-written': '0' } });
});
