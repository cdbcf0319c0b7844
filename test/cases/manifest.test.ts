import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { api, Case, june, message, pageOf } from './support/run.ts';

it('a manifest is held against the archive, and against the API where that is named', async () => {
  const messages = [
    ...june(25),
    message('open', '2024-06-10T00:00:00Z', ['open']),
    message('plain', '2024-06-11T00:00:00Z', []),
  ];
  const { url } = await api((asked) => pageOf(messages, asked));
  const made = await Case.make({ 'api-url': url.href });
  expect((await made.run()).code).toBe(0);
  const ids = messages.map(({ message_id }) => message_id);
  const manifest = join(made.folder, 'journal.csv');
  await writeFile(manifest, `when,"id"\n${ids.map((id) => `2024,"${id}"`).join('\n')}\n`);
  const verify = { command: 'verify', manifest, 'manifest-column': 'id' };

  const whole = await made.run(verify);
  expect(whole).toMatchObject({ code: 0, outputs: { complete: 'true' } });
  expect(whole.summary).toContain('| unalerted | 1 |');
  const states = (await readFile(whole.outputs['manifest-result']!, 'utf8')).trimEnd().split('\n');
  expect(states).toHaveLength(27);
  expect(states).toContain('{"id":"open","state":"pending"}');

  await writeFile(manifest, 'id\nplain\nlost\n');
  const lost = await made.run(verify);
  expect(lost).toMatchObject({ code: 1, outputs: { complete: 'false' } });
  expect(lost.log).toContain('lists 1 message that is unknown (first: "lost").');
  expect(lost.summary).toContain('- `lost`');
  const alone = await made.run({ ...verify, 'api-url': '', 'api-token': '' });
  expect(alone.code).toBe(1);
  expect(alone.log).toContain('lists 2 messages that are unknown or without alerts (first: "lost").');
});
