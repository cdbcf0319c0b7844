import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { testServer } from '../../support/http-server.ts';
import { Case, sendJson, token } from '../support/run.ts';

const doc = readFileSync(join(import.meta.dirname, '../../../docs/no-fit.md'), 'utf8');
const blockOf = (language: string) => new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(doc)![1]!;

/** 61 mails of June 2024. A list has ids alone: https://developers.google.com/gmail/api/reference/rest/v1/users.messages/list */
const mails = Array.from({ length: 61 }, (_, n) => ({
  id: `mail-${String(n).padStart(2, '0')}`,
  internalDate: String(Date.UTC(2024, 5, 1, 12) + n * 39_600_000),
  alerts: [{ alert_id: `a-${n}`, status: n % 7 === 0 ? 'open' : 'closed' }],
}));

it('an API of ids is archived through the proxy of docs/no-fit.md', async () => {
  const upstream = await testServer((response, count, request) => {
    if (request.headers.authorization !== `Bearer ${token}`) return void sendJson(response, {}, 401);
    if (count % 41 === 7) return void sendJson(response, {}, 503);
    const { pathname, searchParams } = new URL(request.url!, 'http://x');
    const id = pathname.split('/')[2];
    if (id !== undefined)
      return void sendJson(
        response,
        mails.find((mail) => mail.id === id),
      );
    const [, start, end] = /^after:(\d+) before:(\d+)$/.exec(searchParams.get('q')!)!.map(Number);
    const found = mails.filter(({ internalDate: at }) => Number(at) >= start! * 1000 && Number(at) < end! * 1000);
    const at = Number(searchParams.get('pageToken') ?? 0);
    const nextPageToken = at + 25 < found.length ? { nextPageToken: String(at + 25) } : {};
    sendJson(response, { messages: found.slice(at, at + 25).map((mail) => ({ id: mail.id })), ...nextPageToken });
  });
  const made = await Case.make({
    ...Object.fromEntries(Object.entries(parse(blockOf('yaml')) as Record<string, string>)),
    'api-token': token,
  });
  const path = join(made.folder, 'proxy.mjs');
  await writeFile(path, blockOf('js'));
  const env = { ...process.env, UPSTREAM: upstream.url.origin, PORT: '0' };
  const proxy = spawn(process.execPath, [path], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void proxy.kill());
  const [port] = (await once(proxy.stdout, 'data')) as [Buffer];
  const ran = await made.run({ 'api-url': `http://127.0.0.1:${String(port).trim()}/` });
  expect(ran, ran.log).toMatchObject({ code: 0, outputs: { archived: '52', open: '9', complete: 'true' } });
  expect(await made.archivedIds()).toEqual(mails.filter((_, n) => n % 7 !== 0).map(({ id }) => id));
});
