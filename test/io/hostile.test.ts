import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { describeError, messageOf } from '../../src/errors.ts';
import { githubHost } from '../../src/io/actions/host.ts';
import { roleCredentials } from '../../src/io/aws/credentials.ts';
import { DynamoStaging } from '../../src/io/dynamodb/staging.ts';
import { ElasticsearchSource } from '../../src/io/elasticsearch/source.ts';
import { GithubTracker } from '../../src/io/github/tracker.ts';
import { S3Archive } from '../../src/io/s3/archive.ts';
import { BufferPool } from '../../src/memory/buffer-pool.ts';
import { pageScanner } from '../../src/worker/pages.ts';
import { Threads } from '../../src/worker/threads.ts';
import { apiSource, endThreads } from '../support/api.ts';
import { TestClock } from '../support/clock.ts';
import { testFolder } from '../support/folders.ts';
import { hostileText } from '../support/hostile.ts';
import { type TestServer, testServer } from '../support/http-server.ts';
import { plainShape } from '../support/messages.ts';
import { testNotes } from '../support/notes.ts';
import { asRunner } from '../support/runner-log.ts';

const runs = 25;
const seed = 1;
const june = { start: Date.parse('2024-06-01'), end: Date.parse('2024-07-01') };
const threads = new Threads(1);
afterAll(async () => {
  await threads.close();
  await endThreads();
});

beforeEach(() => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'hush-hush');
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent');
  onTestFinished(() => void vi.unstubAllEnvs());
});

/** The response of a hostile server. */
interface Hostile {
  readonly status: number;
  readonly text: string;
  readonly form: 'json' | 'deep' | 'xml' | 'html' | 'plain' | 'page' | 'none';
}

const hostile: fc.Arbitrary<Hostile> = fc.record({
  status: fc.constantFrom(200, 200, 204, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503),
  text: hostileText(),
  form: fc.constantFrom('json', 'deep', 'xml', 'html', 'plain', 'page', 'none'),
});

/** Sends the text wherever a server may: in the status text, in headers, and in a body that clients take for an error. */
function answer(response: ServerResponse, { status, text, form }: Hostile): void {
  const header = text.replaceAll(/[^\x20-\x7e]/g, '') || 'x';
  response.writeHead(status, header, {
    ...(text.length % 3 === 0 && { 'content-encoding': header }),
    ...(text.length % 2 === 0 && { 'x-elastic-product': 'Elasticsearch' }),
    location: header,
    'x-amz-bucket-region': header,
    'x-amzn-errortype': header,
    'x-amz-request-id': header,
    'content-type': form === 'xml' ? 'application/xml' : form === 'html' ? 'text/html' : 'application/json',
  });
  response.end(status === 204 ? undefined : bodyOf(text, form));
}

function bodyOf(text: string, form: Hostile['form']): string {
  const xml = text.replaceAll(/[&<]/g, (each) => `&#${each.codePointAt(0)};`);
  const inner = { type: text, reason: text, message: text };
  return {
    json: JSON.stringify({ __type: text, error: text, message: text, Message: text, code: text }),
    deep: JSON.stringify({ error: { ...inner, root_cause: [inner] }, errors: [inner] }),
    xml: `<Error><Code>${xml}</Code><Message>${xml}</Message><RequestId>${xml}</RequestId></Error>`,
    html: `<html><title>${xml}</title>`,
    plain: text,
    page: JSON.stringify({ total: text, [text]: [{ message_id: text }] }),
    none: '',
  }[form];
}

/** Checks that an error, wherever it is printed, contains no command to the runner except the host's own. */
function expectNoCommand(error: unknown): void {
  const host = githubHost({ GITHUB_ACTIONS: 'true' });
  let printed = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk);
    return true;
  });
  try {
    host.line(`  [1/1] 2024-06-01  failed: ${messageOf(error)}`);
    host.line(messageOf(error));
    host.warning(messageOf(error));
    host.error(describeError(error));
  } finally {
    write.mockRestore();
  }
  const { commands, lines } = asRunner(printed);
  expect(commands.map(({ name }) => name)).toEqual(['warning', 'error']);
  expect(lines.length).toBeLessThanOrEqual(2);
  expect(printed.trimEnd().split('\n').length).toBe(4);
}

async function fuzz(work: (server: TestServer) => Promise<() => Promise<unknown>>): Promise<void> {
  let now: Hostile = { status: 500, text: '', form: 'none' };
  const server = await testServer((response) => answer(response, now));
  const attempt = await work(server);
  let failures = 0;
  const property = fc.asyncProperty(hostile, async (said) => {
    now = said;
    await attempt().catch((error: unknown) => {
      failures += 1;
      expectNoCommand(error);
    });
  });
  await fc.assert(property, { numRuns: runs, seed });
  expect(failures).toBeGreaterThan(runs / 2);
}

describe('no text of a server becomes a command to the runner or more than one line:', () => {
  it('the message API', async () => {
    await fuzz(async ({ url }) => {
      const source = apiSource(url.href);
      return () => source.read(june, 0, async () => {});
    });
  });

  it('Elasticsearch', async () => {
    await fuzz(async ({ url }) => {
      const log = { line: () => undefined, warning: () => undefined };
      const settings = { url: url.origin, index: 'messages', apiKey: 'a-key-that-nobody-may-see' };
      const scan = pageScanner(threads, plainShape, false);
      const source = new ElasticsearchSource(settings, plainShape, scan, new BufferPool(0), new TestClock(), log);
      onTestFinished(() => source.close());
      return () => source.read(june, 0, async () => {});
    });
  });

  it('S3', async () => {
    await fuzz(async ({ url }) => {
      vi.stubEnv('AWS_ENDPOINT_URL_S3', url.origin);
      const place = { bucket: 'a-bucket', prefix: 'some/where', region: 'eu-west-1', scratch: await testFolder() };
      const archive = new S3Archive({ ...place, clock: new TestClock(), newId: randomUUID });
      onTestFinished(() => archive.close());
      return async () => {
        await archive.list();
        const { outcome, ...rest } = await archive.publish('month=2024-06/a.parquet', { text: 'x' }, undefined);
        throw new Error(`${outcome} ${JSON.stringify(rest)}`);
      };
    });
  });

  it('DynamoDB', async () => {
    await fuzz(async ({ url }) => {
      vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', url.origin);
      const settings = { table: 'a-table', archive: 'archive', region: 'eu-west-1', newId: randomUUID };
      const staging = new DynamoStaging({ ...settings, clock: new TestClock() });
      onTestFinished(() => staging.close());
      return () => staging.state().then(() => staging.prepare());
    });
  });

  it('GitHub', async () => {
    await fuzz(async ({ url }) => {
      const place = { apiUrl: url.origin, owner: 'acme', repository: 'messages', token: 'ghs_0123456789' };
      const tracker = new GithubTracker({
        ...place,
        label: 'a-label',
        archive: randomUUID(),
        notes: testNotes(),
        clock: new TestClock(),
        say: () => undefined,
      });
      onTestFinished(() => tracker.close());
      return () => tracker.open({ title: 'a', body: 'b' });
    });
  });

  it("GitHub's token issuer and STS", async () => {
    const issuer = await testServer((response) => response.end('{"value":"a.token.here"}'));
    for (const isIssuer of [true, false]) {
      await fuzz(async ({ url }) => {
        vi.stubEnv('AWS_ENDPOINT_URL_STS', url.origin);
        const environment = {
          ACTIONS_ID_TOKEN_REQUEST_URL: isIssuer ? url.href : issuer.url.href,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a-bearer',
        };
        const roleToAssume = 'arn:aws:iam::123456789012:role/archive';
        const settings = { roleToAssume, region: 'eu-west-1', sessionName: 'a', mask: () => undefined, environment };
        return () => roleCredentials({ ...settings, clock: new TestClock() })();
      });
    }
  });
});
