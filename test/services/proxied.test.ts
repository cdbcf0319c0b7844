import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Source, startSource } from '../../demo/source/server.ts';
import { inputDefaults } from '../../src/inputs/defaults.ts';
import { type PrivateIdentity, privateIdentity } from './authority.ts';
import { Bundle, type Variables } from './bundle.ts';
import { Cloud } from './cloud.ts';
import { endpoints } from './endpoints.ts';
import { replied } from './fates.ts';
import { ForwardProxy } from './forward-proxy.ts';
import { type FateOf, Relay, relayTo } from './relay.ts';
import { SearchedMessages, shownBy } from './shown.ts';

const { moto, elasticsearch9 } = endpoints();
/** S3 that gives sessions: versitygw has none. */
const services = { s3: { ...endpoints().s3, endpoint: moto }, moto };
/** Among hosts with a dot in their names, moto serves path-style S3 only for `svc.cluster.local`. */
const domain = 'services.svc.cluster.local';
const from = '2022-10-01T00:00:00Z';
const asOf = '2023-03-01T00:00:00Z';
const options = { seed: 8, from, to: asOf, messages: 60, textBytesMax: 0, deletions: 0 } as const;

/** GitHub's token issuer. */
const givesTokens: FateOf = () => replied(200, '{"value":"header.claims.sign"}');

let folder: string;
let bundle: Bundle;
let source: Source;
let cloud: Cloud;
let searched: SearchedMessages;
let own: PrivateIdentity;
let relays: Record<'api' | 'search' | 's3' | 'dynamodb' | 'sts' | 'token', Relay>;
type Name = keyof typeof relays;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'message-archive-proxied-'));
  bundle = await Bundle.build(folder);
  own = await privateIdentity(folder, [`DNS:*.${domain}`, 'IP:127.0.0.1']);
  source = await startSource(options);
  searched = new SearchedMessages(elasticsearch9);
  await searched.publish(shownBy(options, Date.parse(asOf)));
  const before = (url: string) => Relay.start(url, undefined, own.identity);
  relays = {
    api: await before(source.origin),
    search: await before(elasticsearch9),
    s3: await before(moto),
    dynamodb: await before(moto),
    sts: await before(moto),
    token: await Relay.start(moto, givesTokens, own.identity),
  };
});

afterAll(async () => {
  await Promise.all(Object.values(relays).map((relay) => relay.close()));
  await Promise.all([source.close(), searched.removeAll()]);
  await rm(folder, { recursive: true, force: true });
});

/** A run that needs every service, each at the address given. */
async function runAt(addressOf: (name: Name) => string, variables: Variables) {
  cloud = await Cloud.make(services);
  onTestFinished(() => cloud.close());
  return bundle.step(
    {
      ...cloud.inputs,
      command: 'run',
      from,
      'as-of': asOf,
      'api-url': `${addressOf('api')}/messages`,
      'api-token': source.token,
      'api-query': `${inputDefaults['api-query']}&as_of=${asOf}`,
      'elasticsearch-url': addressOf('search'),
      'elasticsearch-index': searched.alias,
      'role-to-assume': 'arn:aws:iam::123456789012:role/archive',
      'aws-region': 'us-east-1',
    },
    {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${addressOf('token')}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a-bearer',
      AWS_ENDPOINT_URL_S3: addressOf('s3'),
      AWS_ENDPOINT_URL_DYNAMODB: addressOf('dynamodb'),
      AWS_ENDPOINT_URL_STS: addressOf('sts'),
      ...variables,
    },
  );
}

async function proxyTo(hosts: Readonly<Record<string, string>>): Promise<ForwardProxy> {
  const proxy = await ForwardProxy.start(hosts);
  onTestFinished(() => proxy.close());
  return proxy;
}

const named = (name: Name) => `${name}.${domain}`;
const trusting = () => ({ NODE_EXTRA_CA_CERTS: own.authority });

describe('over TLS, with certificates of a private authority', () => {
  it('every service is reached through the proxy that HTTPS_PROXY names', async () => {
    const names = Object.keys(relays) as Name[];
    const proxy = await proxyTo(Object.fromEntries(names.map((name) => [named(name), relays[name].url])));
    const { code, outputs, log } = await runAt((name) => `https://${named(name)}`, {
      ...trusting(),
      HTTPS_PROXY: proxy.url,
    });
    expect([code, outputs.complete], log).toEqual([0, 'true']);
    expect([...proxy.asked].sort()).toEqual(names.map((name) => `${named(name)}:443`).sort());
    expect(Number(outputs.archived)).toBeGreaterThan(20);
    expect((await cloud.objects()).size).toBeGreaterThan(5);
  });

  it('none is reached through it to which NO_PROXY says otherwise', async () => {
    const proxy = await proxyTo({});
    const { code, outputs, log } = await runAt((name) => relays[name].url, {
      ...trusting(),
      HTTPS_PROXY: proxy.url,
      NO_PROXY: '127.0.0.1',
    });
    expect([code, outputs.complete], log).toEqual([0, 'true']);
    expect([...proxy.asked]).toEqual([]);
  });

  it.each<[Name, string]>([
    ['api', 'The message API at'],
    ['search', 'Elasticsearch at'],
    ['s3', 'The bucket "'],
    ['dynamodb', 'The DynamoDB table '],
    ['sts', 'The role arn:aws:iam::123456789012:role/archive could not be assumed'],
    ['token', "GitHub's token issuer at"],
  ])('one whose authority is not known is named in one sentence: %s', async (unknown, words) => {
    const origins: Record<Name, string> = {
      api: source.origin,
      search: elasticsearch9,
      s3: moto,
      dynamodb: moto,
      sts: moto,
      token: (await relayTo(moto, givesTokens)).url,
    };
    const { code, log } = await runAt((name) => (name === unknown ? relays[name].url : origins[name]), {});
    const errors = log.split('\n').filter((line) => line.startsWith('Error: '));
    expect([code, errors.length], log).toEqual([1, 1]);
    expect(errors[0]).toContain(words);
    expect(errors[0]).toContain('NODE_EXTRA_CA_CERTS');
  });
});
