import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Case } from '../support/run.ts';
import { models } from './models.ts';
import { type ApiModel, credentials, type Held, type Simulated, simulate } from './simulator.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/your-api.md'), 'utf8');
const fastClock = {
  NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, '../support/fast-clock.ts'))}`,
};

/** 67 messages of three days, of which some have open alerts, some none, and some share a second. */
const held: readonly Held[] = Array.from({ length: 67 }, (_, n) => ({
  id: `m-${String(n).padStart(3, '0')}`,
  at: Date.UTC(2024, 5, 10, 0, 0, 0) + Math.floor(n / 2) * 7_500_000,
  statuses: n % 11 === 3 ? ['closed', 'open'] : n % 13 === 5 ? [] : ['closed'],
}));
const closed = held.filter(({ statuses }) => statuses.length > 0 && statuses.every((each) => each === 'closed'));
const open = held.filter(({ statuses }) => statuses.includes('open'));

/** The inputs of a section of docs/your-api.md, with the simulator as the host and its credentials as the secrets. */
function inputsOf({ section }: ApiModel, { origin }: Simulated): Record<string, string> {
  const start = page.indexOf(`\n## ${section}\n`);
  expect(start, section).toBeGreaterThan(-1);
  const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(page.slice(start)) ?? [];
  const inputs = parse(yaml) as Record<string, unknown>;
  const secrets: Readonly<Record<string, string>> = {
    'api-token': credentials.token,
    'api-username': credentials.username,
    'api-password': credentials.password,
    'api-oauth-client-id': credentials.clientId,
    'api-oauth-client-secret': credentials.clientSecret,
  };
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => {
      const text = String(value).trim();
      if (text.startsWith('${{')) return [name, secrets[name]!];
      return [name, /^api-(?:oauth-token-)?url$/.test(name) ? text.replace(/^https:\/\/[^/]+/, origin) : text];
    }),
  );
}

async function archive(model: ApiModel, api: Simulated) {
  const made = await Case.make({
    'api-token': '',
    from: '2024-06-09',
    to: '2024-06-14',
    ...inputsOf(model, api),
    'api-page-size': '10',
  });
  const ran = await made.run({}, fastClock);
  expect(ran, ran.log).toMatchObject({
    code: 0,
    outputs: { archived: String(closed.length), open: String(open.length), invalid: '0', complete: 'true' },
  });
  expect(await made.archivedIds()).toEqual(closed.map(({ id }) => id));
  expect(api.complaints).toEqual([]);
  const shown = ran.log + ran.summary;
  const secrets = [credentials.token, credentials.password, credentials.clientSecret, 'issued-token-1'];
  expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
  return ran;
}

describe.each(models.map((model) => [model.section, model] as const))('%s', (_, model) => {
  it('is archived with the inputs of docs/your-api.md: nothing missing, nothing extra, nothing twice', async () => {
    await archive(model, await simulate(model, held));
  });

  it('is archived while it refuses requests, tokens and cursors', async () => {
    const faults = { statuses: [429, 500, 503, 429], tokenUses: 5, expiredUse: 3 };
    const api = await simulate(model, held, faults);
    await archive(model, api);
    if ('tokenPath' in model.auth) expect(api.tokens()).toBeGreaterThan(1);
    if (model.paging.kind === 'cursor') expect(api.expired()).toBe(true);
  });
});
