import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { UserError } from '../../src/errors.ts';
import type { AwsAccess } from '../../src/io/aws/client.ts';
import { ElasticsearchSource } from '../../src/io/elasticsearch/source.ts';
import type { OpenSearchAuth } from '../../src/io/opensearch/settings.ts';
import { OpenSearchSource } from '../../src/io/opensearch/source.ts';
import type { SearchSource } from '../../src/io/search/source.ts';
import { BufferPool } from '../../src/memory/buffer-pool.ts';
import { type Interval, instant } from '../../src/windows/interval.ts';
import { TestClock } from '../support/clock.ts';
import { runAll } from '../support/embedded.ts';
import { plainShape } from '../support/messages.ts';
import { tell } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';
import { type Engine, elasticsearches, openSearches, secret } from './engines.ts';
import { Indices } from './indices.ts';
import { type FateOf, relayTo } from './relay.ts';
import { searchRefused } from './searches.ts';
import { type Keys, type SignedScope, signedOnly } from './sigv4.ts';

const june: Interval = { start: Date.parse('2024-06-01'), end: Date.parse('2024-07-01') };
const username = 'reader';
const { newParts, scan } = useEmbedded(Date.parse('2024-09-15'));
const log = { line: () => undefined, warning: () => undefined };

const basic = (password: string) => `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** Lets only requests with this header pass to a server without security. */
function guarded({ product }: Engine, authorization: string): FateOf {
  const reason = 'unable to authenticate with provided credentials';
  const refusal = searchRefused(product, 401, 'security_exception', reason);
  return ({ headers }) => (headers.authorization === authorization ? undefined : refusal);
}

/** An index with 300 messages in several shards. */
function useIndex({ url }: Engine) {
  const indices = new Indices(url);
  const index = indices.newName();
  beforeAll(async () => {
    const held = Array.from({ length: 300 }, (_, n) =>
      tell({ id: `m${n}`, at: june.start + n, statuses: ['closed'], text: '' }),
    );
    const body = { settings: { number_of_shards: 3, number_of_replicas: 0 } };
    await indices.makeNamed(index, { timestamp: { type: 'date' } }, held, body);
  });
  afterAll(() => indices.removeAll());
  return index;
}

async function archivedBy(source: SearchSource) {
  onTestFinished(() => source.close());
  const { parts } = await newParts();
  const { report, tally } = await runAll(parts, source, june);
  return [report.isComplete, tally.done.reduce((sum, { added }) => sum + added, 0)];
}

async function failureOf(source: SearchSource): Promise<UserError> {
  onTestFinished(() => source.close());
  const error = await source
    .read(june, 0, async () => undefined)
    .then(
      () => expect.fail('It should have failed.'),
      (reason: unknown) => reason as UserError,
    );
  expect(error.message).not.toContain(secret);
  return error;
}

interface Credentials {
  readonly apiKey?: string | undefined;
  readonly password?: string | undefined;
}

function sourceOf({ product }: Engine, url: string, index: string, { apiKey, password }: Credentials): SearchSource {
  const rest = [plainShape, scan(), new BufferPool(0), new TestClock(), log] as const;
  const user = password === undefined ? undefined : { username, password };
  if (product === 'Elasticsearch') return new ElasticsearchSource({ url, index, apiKey, ...user }, ...rest);
  const auth: OpenSearchAuth = user === undefined ? { kind: 'none' } : { kind: 'basic', ...user };
  return new OpenSearchSource({ url, index, auth }, {}, ...rest);
}

type Guarded = readonly [name: string, engine: Engine, authorization: string, right: Credentials, wrong: Credentials];

const guards: readonly Guarded[] = [
  ...elasticsearches().map(
    (engine): Guarded => [`${engine.name} with a key`, engine, `ApiKey ${secret}`, { apiKey: secret }, { apiKey: 'x' }],
  ),
  ...[...elasticsearches(), ...openSearches()].map(
    (engine): Guarded => [
      `${engine.name} with a password`,
      engine,
      basic(secret),
      { password: secret },
      { password: 'x' },
    ],
  ),
];

describe.each(guards)('%s', (_, engine, authorization, right, wrong) => {
  const index = useIndex(engine);
  const behind = (fateOf: FateOf) => relayTo(engine.url, fateOf);

  it('is read', async () => {
    const { url } = await behind(guarded(engine, authorization));
    expect(await archivedBy(sourceOf(engine, url, index, right))).toEqual([true, 300]);
  });

  it.each<[string, Credentials]>([
    ['wrong credentials', wrong],
    ['no credentials', {}],
  ])('rejects %s at once, and names an input', async (_name, credentials) => {
    const relay = await behind(guarded(engine, authorization));
    const error = await failureOf(sourceOf(engine, relay.url, index, credentials));
    expect(error.code).toBe('source-unauthorized');
    expect(error.message).toContain(`${engine.product} at ${relay.url}`);
    expect(error.message).toContain(`${engine.prefix}-`);
    expect(relay.requests.length).toBe(1);
  });

  it('reports missing permissions at once', async () => {
    const reason = 'action [indices:data/read/field_caps] is unauthorized';
    const relay = await behind(() => searchRefused(engine.product, 403, 'security_exception', reason));
    const error = await failureOf(sourceOf(engine, relay.url, index, right));
    expect(error.code).toBe('source-unauthorized');
    expect(error.message).toContain(index);
    expect(relay.requests.length).toBe(1);
  });

  it('archives nothing if the credentials are withdrawn during a read, and everything afterwards', async () => {
    let pages = 0;
    let isWithdrawn = true;
    const { url } = await behind(({ body }) => {
      pages += body.includes('"sort":[') ? 1 : 0;
      return isWithdrawn && pages > 1 ? searchRefused(engine.product, 401, 'security_exception') : undefined;
    });
    const source = sourceOf(engine, url, index, right);
    onTestFinished(() => source.close());
    const { parts, clock } = await newParts();
    const { report, tally } = await runAll(parts, source, june);
    expect(report.isComplete).toBe(false);
    expect(tally.failed.map(({ message }) => message)).toContainEqual(expect.stringContaining('denied access (401'));
    expect(await parts.archive.list()).toEqual([]);
    isWithdrawn = false;
    clock.now += 1;
    expect((await runAll(parts, source, june)).report.isComplete).toBe(true);
    const { ledger } = await parts.staging.state();
    expect(ledger.reduce((sum, { rows }) => sum + rows, 0)).toBe(300);
    expect(ledger.every(({ read_at }) => read_at === instant(clock.now))).toBe(true);
  });
});

const region = 'eu-central-1';
const keys: Keys = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: secret };
const scopes: readonly SignedScope[] = [
  { region, service: 'es' },
  { region, service: 'aoss' },
];

describe.each(openSearches().flatMap((engine) => scopes.map((scope) => ({ engine, scope, ...engine, ...scope }))))(
  '$name with signatures for $service',
  ({ engine, scope }) => {
    const index = useIndex(engine);

    async function signed(access: AwsAccess, keysOf: () => Keys = () => keys, pattern = index) {
      const relay = await relayTo(engine.url, signedOnly(scope, keysOf));
      const settings = { url: relay.url, index: pattern, auth: { kind: 'aws', service: scope.service } } as const;
      const rest = [plainShape, scan(), new BufferPool(0), new TestClock(), log] as const;
      return { source: new OpenSearchSource(settings, access, ...rest), relay };
    }

    it('is read, also through a pattern with commas and wildcards', async () => {
      const pattern = `${index},${index.slice(0, -1)}*`;
      const { source, relay } = await signed({ region, credentials: keys }, undefined, pattern);
      expect(await archivedBy(source)).toEqual([true, 300]);
      const failed = relay.requests.filter(({ status }) => status !== 200);
      // OpenSearch rejects an option of the source filter, which the source then leaves out.
      expect(failed.map(({ path, status }) => [path.split('/').at(-1), status])).toEqual([['_search', 400]]);
    });

    it('is read with sessions that are renewed during the read', async () => {
      let calls = 0;
      let current = keys;
      const { source } = await signed(
        {
          region,
          credentials: async () => {
            calls += 1;
            current = { ...keys, accessKeyId: `ASIA${calls}`, sessionToken: `session-${calls}` };
            return { ...current, expiration: new Date(Date.now() + 1_000) };
          },
        },
        () => current,
      );
      expect(await archivedBy(source)).toEqual([true, 300]);
      expect(calls).toBeGreaterThan(2);
    });

    it.each<[string, AwsAccess]>([
      ['another key', { region, credentials: { ...keys, secretAccessKey: 'another-secret' } }],
      ['another region', { region: 'eu-west-1', credentials: keys }],
    ])('rejects a signature with %s at once', async (_, access) => {
      const { source, relay } = await signed(access);
      const error = await failureOf(source);
      expect(error.code).toBe('source-unauthorized');
      expect(error.message).toContain(`OpenSearch at ${relay.url}`);
      expect(relay.requests.length).toBe(1);
    });

    it('sends nothing without credentials', async () => {
      const credentials = async () => {
        throw Object.assign(new Error('Could not load credentials.'), { name: 'CredentialsProviderError' });
      };
      const { source, relay } = await signed({ region, credentials });
      expect((await failureOf(source)).code).toBe('aws-credentials');
      expect(relay.requests).toEqual([]);
    });
  },
);
