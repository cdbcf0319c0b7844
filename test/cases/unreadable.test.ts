import { expect, it } from 'vitest';
import { api, Case, june } from './support/run.ts';

/** Messages without timestamps: every page of every range returns all of them. */
function everything(messages: readonly object[]) {
  return ({ page, size }: { page: number; size: number }) => ({
    messages: messages.slice((page - 1) * size, page * size),
    total: messages.length,
  });
}

it('case 6: where all 200 messages are invalid the run is red, counts each once and names the reasons', async () => {
  const invalid = june(200).map(({ message_id, timestamp, ...rest }, n) =>
    n < 20 ? { sent: timestamp, ...rest } : { message_id, sent: timestamp, ...rest },
  );
  const { url } = await api(everything(invalid));
  const made = await Case.make({ 'api-url': url.href, from: '2024-05-20', 'api-page-size': '2' });
  const ran = await made.run();
  expect(ran).toMatchObject({ code: 1, outputs: { archived: '0', invalid: '200', complete: 'false' } });
  const said = 'None of the 200 messages read are valid: missing timestamp (360 messages), missing id (40 messages).';
  expect(ran.log).toContain(`::error::${said}`);
  expect(ran.summary).toContain(
    '**200 invalid**, in quarantine with the reason: missing timestamp (360), missing id (40)',
  );
  expect(ran.summary).toContain('None of the 200 messages read are valid.');

  // Settled slots are not read again.
  expect(await made.run()).toMatchObject({ code: 1, outputs: { complete: 'false' } });
  const mended = await made.run({ 'message-timestamp': '/sent', refresh: 'true' });
  expect(mended.log).not.toContain('None of the');
});

it('case 6: a run that could read none of what it read is red, also where the archive holds messages', async () => {
  const messages: object[] = june(25);
  const { url } = await api(everything(messages));
  const made = await Case.make({ 'api-url': url.href });
  expect((await made.run()).code).toBe(0);
  messages.splice(0, 25, { message_id: 'x' });
  const ran = await made.run({ refresh: 'true', 'accept-fewer': 'true' });
  expect(ran).toMatchObject({ code: 1, outputs: { complete: 'false', invalid: '1' } });
  expect(ran.log).toContain('The 1 message read is not valid: missing timestamp (1 message).');
});
