import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Cloud } from '../services/cloud.ts';
import { type CloudEndpoints, endpoints } from '../services/endpoints.ts';
import { readBack } from '../services/read-back.ts';
import { Relay } from '../services/relay.ts';
import { startServer, type TestServer } from '../support/http-server.ts';
import type { Outcome } from './act.ts';
import { callerWorkflow, expression } from './caller.ts';
import { Sandbox } from './sandbox.ts';
import { Source, token } from './source.ts';

const workflow = 'weekly.yml';
const { s3, moto }: CloudEndpoints = endpoints();
const role = 'arn:aws:iam::123456789012:role/message-archive';
const bearer = 'a-request-token';

let sandbox: Sandbox;
let source: Source;

beforeAll(async () => {
  sandbox = await Sandbox.make();
});
afterAll(() => sandbox?.remove());

beforeEach(async () => {
  source = await Source.start();
  source.truth.put({ id: 'closed', at: Date.parse('2024-02-20'), statuses: ['closed'] });
  source.truth.put({ id: 'later', at: Date.parse('2024-04-20'), statuses: ['closed'] });
  source.truth.put({ id: 'open', at: Date.parse('2024-04-21'), statuses: ['open'] });
});
afterEach(() => source.close());

/** Returns a workflow that archives to S3 and DynamoDB; `more` holds inputs for access. */
function callerInto(
  cloud: Cloud,
  env: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>>,
): string {
  const inputs = {
    ...cloud.inputs,
    from: '2024-01-18',
    to: '2024-05-17',
    'api-url': source.url,
    'aws-region': 'us-east-1',
    env: Object.entries(env)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
    ...more,
  };
  const secrets = ['api-token', 'aws-access-key-id', 'aws-secret-access-key'];
  const named = secrets.map((name) => [name, expression(`secrets.${name.toUpperCase().replaceAll('-', '_')}`)]);
  return callerWorkflow(inputs, Object.fromEntries(named));
}

/** Returns the ids of archived messages, and how many messages and slots are in staging. */
async function heldBy(cloud: Cloud): Promise<{ ids: string[]; items: number }> {
  const copy = await mkdtemp(join(sandbox.folder, 'copy-'));
  await cloud.download(copy);
  const rows = await readBack(copy);
  return { ids: rows.map(({ id }) => id).sort(), items: await cloud.items() };
}

function expectComplete(outcome: Outcome): void {
  expect(outcome.code, outcome.log).toBe(0);
  expect(outcome.jobs.at(-1)!.lines).toEqual([
    expect.stringMatching(/^count=2 complete=true oldest-open=2024-04-21T00:00:00\.000Z/),
  ]);
}

test('archives to S3 and DynamoDB with access keys, and writes nothing the second time', async () => {
  const cloud = await Cloud.make();
  try {
    const env = { AWS_ENDPOINT_URL_S3: s3.endpoint, AWS_ENDPOINT_URL_DYNAMODB: moto };
    await sandbox.add('keys/records', workflow, callerInto(cloud, env, {}));
    const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = s3;
    const secrets = { API_TOKEN: token, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
    const first = await sandbox.run({ in: 'keys/records', name: 'schedule', workflow, secrets });
    expectComplete(first);
    for (const secret of [token, AWS_SECRET_ACCESS_KEY]) expect(first.log).not.toContain(secret);
    expect(await heldBy(cloud)).toEqual({ ids: ['closed', 'later'], items: 7 });

    const before = await cloud.objects();
    const second = await sandbox.run({ in: 'keys/records', name: 'schedule', workflow, secrets });
    expect(second.code, second.log).toBe(0);
    const isSlot = ([path]: [string, string]) => path.startsWith('month=');
    expect([...(await cloud.objects())].filter(isSlot)).toEqual([...before].filter(isSlot));
  } finally {
    cloud.close();
  }
});

test('assumes a role in every job, with an identity token of its own', async () => {
  const cloud = await Cloud.make({ moto, s3: { ...s3, endpoint: moto } });
  const sts = await Relay.start(moto);
  const issuer = await startIssuer();
  try {
    const env = { AWS_ENDPOINT_URL_S3: moto, AWS_ENDPOINT_URL_DYNAMODB: moto, AWS_ENDPOINT_URL_STS: sts.url };
    await sandbox.add('role/records', workflow, callerInto(cloud, env, { 'role-to-assume': role }));
    const outcome = await sandbox.run({
      in: 'role/records',
      name: 'schedule',
      workflow,
      secrets: { API_TOKEN: token },
      env: {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${issuer.url}?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer,
      },
    });
    expectComplete(outcome);
    expect(await heldBy(cloud)).toEqual({ ids: ['closed', 'later'], items: 7 });
    const asked = sts.requests.map(({ body }) => new URLSearchParams(body.toString()));
    expect(asked.map((form) => form.get('RoleArn'))).toEqual([role, role, role, role]);
    expect(new Set(asked.map((form) => form.get('WebIdentityToken'))).size).toBe(4);
    for (const form of asked) expect(outcome.log).not.toContain(form.get('WebIdentityToken'));
  } finally {
    cloud.close();
    await Promise.all([sts.close(), issuer.close()]);
  }
});

/** Issues identity tokens to a job, as GitHub does. */
function startIssuer(): Promise<TestServer> {
  return startServer((response, count, request) => {
    const { searchParams } = new URL(request.url!, 'http://issuer');
    const isAllowed = request.headers.authorization === `Bearer ${bearer}`;
    const isMeant = searchParams.get('audience') === 'sts.amazonaws.com' && searchParams.get('api-version') === '2.0';
    response.writeHead(isAllowed && isMeant ? 200 : 403);
    response.end(JSON.stringify({ value: `header.claims-of-token-${count}.signature` }));
  });
}
