import { expect, it } from 'vitest';
import { api, Case, june, message, pageOf, sendJson } from './support/run.ts';

it('case 7: an API that refuses page_size below 5 is counted with the page size that was set', async () => {
  const messages = june(25);
  const { url } = await api((asked, response) =>
    asked.size < 5
      ? sendJson(response, { error: 'page_size must be between 5 and 100' }, 400)
      : pageOf(messages, asked),
  );
  const made = await Case.make({ 'api-url': url.href, 'scrub-windows': '0' });
  expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '25', complete: 'true' } });
  const again = await made.run();
  expect(again).toMatchObject({ code: 0, outputs: { 'objects-written': '0', complete: 'true' } });
  expect(again.log).not.toContain('::warning');
  messages.push(message('late', '2024-06-20T00:00:00Z'));
  expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '1', complete: 'true' } });
});

it('case 8: where an API keeps a rolling year, settled slots stay settled and live ones are read', async () => {
  const live = message('live', '2025-06-20T00:00:00Z');
  const messages = [...june(25), live];
  let oldest = '2024-01-01';
  const { url } = await api((asked, response) =>
    asked.start < oldest
      ? sendJson(response, { error: 'only the last 365 days are kept' }, 400)
      : pageOf(messages, asked),
  );
  const made = await Case.make({ 'api-url': url.href, 'recent-days': '0', to: '2025-06-01', 'as-of': '2025-06-01' });
  expect(await made.run()).toMatchObject({ code: 0, outputs: { archived: '25', complete: 'true' } });

  oldest = '2024-12-01';
  const later = await made.run({ to: '2025-07-01', 'as-of': '2025-07-01' });
  expect(later).toMatchObject({ code: 0, outputs: { archived: '1', complete: 'true' } });
  expect(
    later.log.match(/::warning::.* responded 400\b.*The audit skipped \d+ of \d+ settled slots?, since/g),
  ).toHaveLength(1);
  expect(await made.archivedIds()).toEqual([live, ...june(25)].map(({ message_id }) => message_id));
});
