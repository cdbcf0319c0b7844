import { expect, it } from 'vitest';
import { api, Case, june, pageOf } from './support/run.ts';

it('a plain API: 25 closed messages in pages of 10 are archived, once', async () => {
  const messages = june(25);
  const { url } = await api((asked) => pageOf(messages, asked));
  const made = await Case.make({ 'api-url': url.href });
  expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '25', complete: 'true' } });
  expect(await made.archivedIds()).toEqual(messages.map(({ message_id }) => message_id));
  const again = await made.run();
  expect(again).toMatchObject({ code: 0, outputs: { 'objects-written': '0', complete: 'true' } });
});
