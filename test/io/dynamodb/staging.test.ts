import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  type AttributeValue,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { StagedMessage } from '../../../src/archive/ledger.ts';
import { type DynamoSettings, DynamoStaging } from '../../../src/io/dynamodb/staging.ts';
import { retryPolicies } from '../../../src/io/retry.ts';
import { slotAt } from '../../../src/windows/slot.ts';
import { TestClock } from '../../support/clock.ts';
import {
  cancelled,
  createTable,
  type DynamoAnswer,
  type DynamoServer,
  dynamoError,
  dynamoFront,
  dynamoServer,
  dynamoUnderTest,
  useDynamo,
} from '../../support/dynamodb.ts';
import { errorOf, failureOf } from '../../support/failure.ts';
import { testServer } from '../../support/http-server.ts';
import { ledgerRecord, stagedMessage } from '../../support/ledger.ts';
import { stagingConformance } from '../conformance/staging.ts';

const slot = slotAt(Date.UTC(2024, 0, 20), { windowDays: 60, partitionBy: 'month' });
const start = slot.id.split('-')[0]!;
const { attemptsMax } = retryPolicies.dynamodb;
const late = '2024-09-09T00:00:00.000Z';

let server: DynamoServer;
let table: string;

beforeAll(async () => {
  server = await dynamoServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  useDynamo(server.url);
  table = `staging-${randomUUID()}`;
  await createTable(table);
});
afterEach(() => void vi.unstubAllEnvs());

stagingConformance('DynamoStaging', () => dynamoUnderTest(table));

function openStaging(told: Partial<DynamoSettings> = {}): DynamoStaging {
  const staging = new DynamoStaging({
    table,
    archive: 'archive',
    clock: new TestClock(),
    newId: randomUUID,
    ...told,
  });
  onTestFinished(() => staging.close());
  return staging;
}

/** Pending messages of the slot, in the order of their ids. */
function messages(count: number): StagedMessage[] {
  return Array.from({ length: count }, (_, n) =>
    stagedMessage({ slot: slot.id, message_id: `id ${String(n).padStart(4, '0')}` }),
  );
}

/** Ids that no other test uses: `a1`, `a2`, … */
function counter(prefix: string): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}${count}`;
  };
}

/** Puts a server before the DynamoDB that `answer` may make misbehave. */
async function useFront(answer: Parameters<typeof dynamoFront>[1]): Promise<void> {
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', await dynamoFront(server.url, answer));
}

function rawClient(): DynamoDBClient {
  const client = new DynamoDBClient({ endpoint: server.url });
  onTestFinished(() => client.destroy());
  return client;
}

describe('DynamoStaging: items', () => {
  it('are stored under readable keys, as typed attributes', async () => {
    const staging = openStaging({ newId: () => 'write-1' });
    await staging.record(ledgerRecord({ slot: slot.id }), 0);
    await staging.stage([stagedMessage({ slot: slot.id, message_id: 'a#1' })]);
    const client = rawClient();
    const get = async (sk: string) =>
      (await client.send(new GetItemCommand({ TableName: table, Key: { pk: { S: 'archive' }, sk: { S: sk } } }))).Item;
    expect(await get(`slot#${start}`)).toMatchObject({
      slot: { S: slot.id },
      revision: { N: '1' },
      took_ms: { N: '1234.5' },
      bytes_in: { N: '1099511627776' },
      counts: { M: { closed: { N: '2' } } },
      write_id: { S: 'write-1' },
    });
    expect(await get(`message#${start}#a#1`)).toEqual({
      pk: { S: 'archive' },
      sk: { S: `message#${start}#a#1` },
      slot: { S: slot.id },
      message_id: { S: 'a#1' },
      timestamp: { S: '1718000000000001' },
      open_alerts: { L: [{ S: 'alert-1' }] },
      open_alert_count: { N: '1' },
      reason: { S: 'open' },
      first_seen: { S: '2024-07-01T00:00:00.000Z' },
      read_at: { S: '2024-08-01T00:00:00.000Z' },
      checks: { N: '1' },
    });
  });

  it('have keys that fit and are unique', async () => {
    const staging = openStaging();
    const bytesLeft = 1_024 - Buffer.byteLength(`message#${start}#`);
    const long = 'x'.repeat(8_192);
    await staging.stage([stagedMessage({ slot: slot.id, message_id: long })]);
    const { Items = [] } = await rawClient().send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: 'archive' } },
      }),
    );
    const hashed = Items[0]!.sk!.S!.slice(`message#${start}#`.length);
    expect(hashed).toMatch(/^sha256:[0-9a-f]{64}$/);
    const ids = [
      long,
      hashed,
      'sha256:',
      'x'.repeat(bytesLeft),
      'x'.repeat(bytesLeft + 1),
      'é'.repeat(bytesLeft / 2 + 1),
    ];
    const messages = ids.map((message_id) => stagedMessage({ slot: slot.id, message_id }));
    await staging.stage(messages);
    const { staged } = await staging.slot(slot);
    expect(staged.map(({ message_id }) => message_id).sort()).toEqual(ids.sort());
    await staging.unstage(slot, [long], late);
    expect((await staging.slot(slot)).staged).toHaveLength(ids.length - 1);
  });

  it('stay far below the limit, with fewer alerts and a truncated error', async () => {
    const staging = openStaging();
    const open_alerts = Array.from({ length: 100 }, (_, n) => `${n} `.padEnd(4_000, 'é'));
    await staging.stage([
      stagedMessage({ slot: slot.id, message_id: '\u{1f4a5}'.repeat(2_048), open_alerts, open_alert_count: 345 }),
    ]);
    const message = `${'x'.repeat(4_095)}\u{1f4a5}${'y'.repeat(500_000)}`;
    expect(
      await staging.record(
        ledgerRecord({ slot: slot.id, last_error: { at: late, code: 'source-unavailable', message } }),
        0,
      ),
    ).toBe(true);
    const { record, staged } = await staging.slot(slot);
    expect(record?.last_error).toEqual({ at: late, code: 'source-unavailable', message: `${'x'.repeat(4_095)}\ufffd` });
    expect(staged[0]!.open_alert_count).toBe(345);
    expect(staged[0]!.open_alerts).toEqual(open_alerts.slice(0, staged[0]!.open_alerts.length));
    expect(staged[0]!.open_alerts).toHaveLength(11);
  });

  it('that exceed the limit are not sent', async () => {
    const sent: string[] = [];
    await useFront(async ({ action }, pass) => {
      sent.push(action);
      return pass();
    });
    const record = ledgerRecord({ slot: slot.id, run_url: 'x'.repeat(100_000) });
    expect(await errorOf(openStaging().record(record, 0))).toMatchObject({
      code: 'staging-unavailable',
      message: expect.stringContaining(`slot#${start}`),
    });
    expect(sent).toEqual([]);
  });

  it('keep alerts without an id', async () => {
    const staging = openStaging();
    const message = stagedMessage({ slot: slot.id, open_alerts: ['', 'a', ''], open_alert_count: 3 });
    await staging.stage([message]);
    expect((await staging.slot(slot)).staged).toEqual([message]);
  });
});

describe('DynamoStaging: pages', () => {
  it('are read to the last key, including empty pages', async () => {
    /** The number of items of each page. */
    const pages: number[] = [];
    const areConsistent: boolean[] = [];
    await useFront(async ({ action, body }, pass) => {
      if (action === 'Query' || action === 'GetItem') areConsistent.push(body.ConsistentRead);
      if (action !== 'Query') return pass();
      // Every other page is empty, and names the key that the next one starts after.
      const answer =
        pages.length % 2 === 1
          ? { status: 200, body: JSON.stringify({ Items: [], Count: 0, LastEvaluatedKey: body.ExclusiveStartKey }) }
          : await pass({ ...body, Limit: 12 });
      pages.push(JSON.parse(answer.body).Items.length);
      return answer;
    });
    const staging = openStaging();
    const messages = Array.from({ length: 40 }, (_, n) =>
      stagedMessage({
        slot: slot.id,
        message_id: String(n)
          .padStart(3, '0')
          .padEnd(1_000 + (n % 8) * 1_000, 'x'),
        open_alerts: [String(n)],
      }),
    );
    await staging.stage(messages);
    await staging.record(ledgerRecord({ slot: slot.id }), 0);
    const found = async (read: () => Promise<readonly StagedMessage[]>) => {
      pages.length = 0;
      const ids = (await read()).map(({ message_id }) => message_id);
      expect(ids.toSorted()).toEqual(messages.map(({ message_id }) => message_id).toSorted());
      expect(pages.slice(0, 7)).toEqual([12, 0, 12, 0, 12, 0, expect.any(Number)]);
    };
    await found(async () => (await staging.state()).staged);
    await found(async () => (await staging.slot(slot)).staged);
    expect(new Set(areConsistent)).toEqual(new Set([true]));
  });
});

describe('DynamoStaging: lost responses', () => {
  /** Lets the first request of the action take effect, and drops its response. */
  async function loseResponse(action: string): Promise<() => number> {
    let seen = 0;
    await useFront(async (request, pass) => {
      if (request.action !== action) return pass();
      seen += 1;
      const answer = await pass();
      return seen === 1 ? undefined : answer;
    });
    return () => seen;
  }

  it.each([0, 1])('a record that was written at revision %i counts as written', async (revision) => {
    if (revision === 1) expect(await openStaging().record(ledgerRecord({ slot: slot.id }), 0)).toBe(true);
    const seen = await loseResponse('PutItem');
    const staging = openStaging();
    const record = ledgerRecord({ slot: slot.id, revision: revision + 1, rows: 77 });
    expect(await staging.record(record, revision)).toBe(true);
    expect(seen()).toBe(2);
    expect((await staging.slot(slot)).record).toEqual(record);
    expect(await staging.record(ledgerRecord({ slot: slot.id, revision: revision + 1 }), revision)).toBe(false);
  });

  it('an equal record of another writer does not', async () => {
    const record = ledgerRecord({ slot: slot.id });
    expect(await openStaging().record(record, 0)).toBe(true);
    await loseResponse('PutItem');
    expect(await openStaging().record(record, 0)).toBe(false);
  });

  it('messages are staged and unstaged, each request with its own token', async () => {
    const tokens: string[] = [];
    let isLost = true;
    await useFront(async ({ action, body }, pass) => {
      const answer = await pass();
      if (action !== 'TransactWriteItems') return answer;
      tokens.push(body.ClientRequestToken);
      isLost = !isLost;
      return isLost ? answer : undefined;
    });
    const staging = openStaging({ newId: counter('a') });
    const message = stagedMessage({ slot: slot.id });
    await staging.stage([message]);
    expect((await staging.slot(slot)).staged).toEqual([message]);
    await staging.unstage(slot, [message.message_id], late);
    expect((await staging.slot(slot)).staged).toEqual([]);
    expect(tokens).toEqual(['a1', 'a1', 'a2', 'a2']);
  });

  it('a message that another writer has staged since stays, even in a store that ignores tokens', async () => {
    const newer = stagedMessage({ slot: slot.id, read_at: late, checks: 2 });
    const newToken = counter('c');
    let seen = 0;
    await useFront(async ({ action, body }, pass) => {
      if (action !== 'TransactWriteItems') return pass();
      seen += 1;
      const answer = await pass({ ...body, ClientRequestToken: newToken() });
      if (seen !== 1) return answer;
      useDynamo(server.url);
      await openStaging().stage([newer]);
      return undefined;
    });
    await openStaging().stage([stagedMessage({ slot: slot.id })]);
    expect(seen).toBe(2);
    expect((await openStaging().slot(slot)).staged).toEqual([newer]);
  });
});

describe('DynamoStaging transactions', () => {
  /** Records the number of actions in each transaction that is sent. */
  async function countActions(
    answer: (sent: number, body: { TransactItems: unknown[] }) => DynamoAnswer | undefined = () => undefined,
  ): Promise<number[]> {
    const sizes: number[] = [];
    await useFront(async ({ action, body }, pass) => {
      if (action !== 'TransactWriteItems') return pass();
      return answer(sizes.push(body.TransactItems.length), body) ?? pass();
    });
    return sizes;
  }

  it('stage and unstage 1,221 messages in 13 requests each', async () => {
    const actions: string[] = [];
    await useFront(async ({ action }, pass) => {
      actions.push(action);
      return pass();
    });
    const staging = openStaging();
    const all = messages(1_221);
    await staging.stage(all);
    expect(actions).toEqual(Array(13).fill('TransactWriteItems'));
    expect((await staging.state()).staged).toHaveLength(1_221);
    actions.length = 0;
    await staging.unstage(
      slot,
      all.map(({ message_id }) => message_id),
      late,
    );
    expect(actions).toEqual(Array(13).fill('TransactWriteItems'));
    expect((await staging.state()).staged).toEqual([]);
  });

  it('stay below 4 MB', async () => {
    const sizes = await countActions();
    const open_alerts = Array.from({ length: 90 }, (_, n) => String(n).padEnd(1_000, 'x'));
    const large = messages(80).map((message) => ({ ...message, open_alerts, open_alert_count: 90 }));
    await openStaging().stage(large);
    expect(sizes.toSorted()).toEqual([38, 38, 4]);
    expect((await openStaging().slot(slot)).staged).toEqual(large);
  });

  it('that are refused as invalid are halved', async () => {
    const refused = (body: { TransactItems: unknown[] }) =>
      body.TransactItems.length > 30 ? dynamoError('ValidationException', 'The items exceed 4 MB.') : undefined;
    const sizes = await countActions((_sent, body) => refused(body));
    const all = messages(100);
    await openStaging().stage(all);
    expect(sizes).toEqual([100, 50, 25, 25, 50, 25, 25]);
    expect((await openStaging().slot(slot)).staged).toEqual(all);
  });

  it('that fail as invalid for every item end after a few requests', async () => {
    const sizes = await countActions((_sent, { TransactItems }) =>
      cancelled(...TransactItems.map(() => 'ValidationError')),
    );
    expect(await errorOf(openStaging().stage(messages(100)))).toMatchObject({
      code: 'staging-unavailable',
      message: expect.stringContaining(
        'refused dynamodb:PutItem: it responded 400, TransactionCanceledException, Valid',
      ),
    });
    expect(sizes).toEqual([100, 50, 25, 13, 7, 4, 2, 1]);
  });

  it('leave out messages that were read later, and send the others at once', async () => {
    const newer = messages(100).filter((_, n) => n % 3 === 0);
    await openStaging().stage(newer.map((message) => ({ ...message, read_at: late, checks: 9 })));
    const sizes = await countActions();
    const clock = new TestClock();
    await openStaging({ clock }).stage(messages(100));
    expect([sizes, clock.waits]).toEqual([[100, 66], []]);
    const { staged } = await openStaging().slot(slot);
    expect(staged.map(({ checks }) => checks)).toEqual(messages(100).map((_, n) => (n % 3 === 0 ? 9 : 1)));
    const ids = staged.map(({ message_id }) => message_id);
    await openStaging().unstage(slot, ids, '2024-09-08T00:00:00.000Z');
    expect((await openStaging().slot(slot)).staged).toHaveLength(newer.length);
    await openStaging({ clock }).stage(newer);
    expect([sizes, clock.waits]).toEqual([[100, 66, 100, 66, 34], []]);
  });

  it.each([
    ['TransactionConflict', 100],
    ['ThrottlingError', 500],
    ['ProvisionedThroughputExceeded', 500],
  ])('cancelled by %s are sent again with backoff and another token', async (code, baseMs) => {
    const tokens = new Set<string>();
    const sizes = await countActions((sent, body) => {
      tokens.add((body as unknown as { ClientRequestToken: string }).ClientRequestToken);
      return sent > 3 ? undefined : cancelled(...body.TransactItems.map((_, n) => (n === 2 ? code : 'None')));
    });
    const clock = new TestClock();
    await openStaging({ clock }).stage(messages(5));
    expect(sizes).toEqual([5, 5, 5, 5]);
    expect(tokens.size).toBe(4);
    expect(clock.waits).toEqual([1, 2, 4].map((factor) => baseMs * factor));
    expect((await openStaging().slot(slot)).staged).toHaveLength(5);
  });

  it('keep out what was read later when they meet a conflict as well', async () => {
    const sizes = await countActions((sent) =>
      sent > 1 ? undefined : cancelled('None', 'ConditionalCheckFailed', 'TransactionConflict'),
    );
    await openStaging().stage(messages(3));
    expect(sizes).toEqual([3, 2]);
    expect((await openStaging().slot(slot)).staged.map(({ message_id }) => message_id)).toEqual(['id 0000', 'id 0002']);
  });

  it.each([
    ['TransactionConflict', 'slot-contended', `during all ${attemptsMax} attempts`],
    ['ThrottlingError', 'staging-unavailable', `throttled after ${attemptsMax} attempts (ThrottlingError)`],
  ])('give up on %s in the end', async (reason, code, told) => {
    const sizes = await countActions(() => cancelled('None', reason));
    expect(await errorOf(openStaging().stage(messages(2)))).toMatchObject({
      code,
      message: expect.stringContaining(told),
    });
    expect(sizes).toHaveLength(attemptsMax);
  });

  it('wait for one in progress, and replace a token that was used for others', async () => {
    const tokens: string[] = [];
    await countActions((sent, body) => {
      tokens.push((body as unknown as { ClientRequestToken: string }).ClientRequestToken);
      if (sent === 1) return dynamoError('TransactionInProgressException');
      return sent === 2 ? dynamoError('IdempotentParameterMismatchException') : undefined;
    });
    await openStaging({ newId: counter('b') }).stage(messages(2));
    expect(tokens).toEqual(['b1', 'b1', 'b2']);
    expect((await openStaging().slot(slot)).staged).toHaveLength(2);
  });

  it('have one action for an id that a list names twice', async () => {
    const sizes = await countActions();
    const [message] = messages(1);
    const at = (read_at: string, checks: number) => ({ ...message!, read_at, checks });
    const staging = openStaging();
    await staging.stage([at('2024-08-02T00:00:00.000Z', 1), at(late, 2), at('2024-08-03T00:00:00.000Z', 3)]);
    expect((await staging.slot(slot)).staged).toEqual([at(late, 2)]);
    await staging.unstage(slot, [message!.message_id, message!.message_id], late);
    expect((await staging.slot(slot)).staged).toEqual([]);
    expect(sizes).toEqual([1, 1]);
  });
});

describe('DynamoStaging retries', () => {
  const answers = async (answer: () => DynamoAnswer | undefined) => useFront(async () => answer());

  it.each([
    ['ThrottlingException', 400, 500],
    ['ProvisionedThroughputExceededException', 400, 500],
    ['InternalServerError', 500, 100],
    ['ServiceUnavailable', 503, 100],
  ])('%s with growing backoff', async (name, status, baseMs) => {
    let left = 5;
    await useFront(async (_request, pass) => {
      left -= 1;
      return left < 0 ? pass() : dynamoError(name, 'no', status);
    });
    const clock = new TestClock();
    const staging = openStaging({ clock });
    await staging.stage([stagedMessage({ slot: slot.id })]);
    expect(clock.waits).toEqual([1, 2, 4, 8, 16].map((factor) => baseMs * factor));
    expect((await staging.slot(slot)).staged).toHaveLength(1);
  });

  it('no sooner than Retry-After', async () => {
    const busy = await testServer((response, count) => {
      if (count === 1) response.writeHead(503, { 'retry-after': '9' });
      response.end('{"Items":[]}');
    });
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', busy.url.origin);
    const waits: number[] = [];
    const clock = { now: Date.now, random: () => 0, sleep: async (ms: number) => void waits.push(ms) };
    await openStaging({ clock }).state();
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThan(0);
    expect(waits[0]).toBeLessThanOrEqual(9_000);
  });

  it('each of many concurrent transactions until it succeeds', async () => {
    const tries = new Map<string, number>();
    await useFront(async ({ action, body }, pass) => {
      const count = (tries.get(body.ClientRequestToken) ?? 0) + 1;
      tries.set(body.ClientRequestToken, count);
      return action !== 'TransactWriteItems' || count === 5 ? pass() : dynamoError('ThrottlingException', 'no');
    });
    await openStaging().stage(messages(640));
    expect((await openStaging().slot(slot)).staged).toHaveLength(640);
    expect([...tries.values()].filter((count) => count === 5)).toHaveLength(7);
  });

  it('up to 8 times, then fails without starting further writes', async () => {
    const sent = new Set<string>();
    await useFront(async ({ body }) => {
      sent.add(body.ClientRequestToken);
      return dynamoError('ThrottlingException', 'no');
    });
    const error = await errorOf(openStaging().stage(messages(1_000)));
    expect(error.code).toBe('staging-unavailable');
    expect(error.message).toContain(`The DynamoDB table ${table} in eu-west-1`);
    expect(error.message).toContain(`after ${attemptsMax} attempts (ThrottlingException)`);
    expect(sent.size).toBeLessThan(10);
  });

  it('a record that meets a transaction', async () => {
    let left = 2;
    await useFront(async (_request, pass) => {
      left -= 1;
      return left < 0 ? pass() : dynamoError('TransactionConflictException', 'Transaction is ongoing for the item');
    });
    const clock = new TestClock();
    expect(await openStaging({ clock }).record(ledgerRecord({ slot: slot.id }), 0)).toBe(true);
    expect(clock.waits).toEqual([100, 200]);
  });

  it.each([
    ['a dropped connection', async () => answers(() => undefined), 'ECONNRESET'],
    [
      'a port without a server',
      async () => vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', 'http://127.0.0.1:1'),
      'ECONNREFUSED',
    ],
    ['a bad gateway', async () => answers(() => ({ status: 502, body: '<html>' })), 'responded 502'],
    ['a page instead of JSON', async () => answers(() => ({ status: 200, body: '<html>' })), 'no JSON object'],
  ])('%s, then reports it', async (_what, arrange, told) => {
    await arrange();
    const error = await errorOf(openStaging().slot(slot));
    expect(error.code).toBe('staging-unavailable');
    expect(error.message).toContain(`The DynamoDB table ${table} in eu-west-1`);
    expect(error.message).toContain(told);
  });

  it.each([
    ['never comes', 'none'],
    ['stops in its middle', 'half'],
  ])('a response that %s', async (_what, kind) => {
    const held = await testServer((response) => {
      if (kind === 'half') response.writeHead(200, { 'content-length': 1_000 }).write('{"Item":');
    });
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', held.url.origin);
    const staging = openStaging({ limits: { attemptsMax: 2, requestMsMax: 250, stallMsMax: 250 } });
    expect(await failureOf(staging.slot(slot))).toContain('unreachable after 2 attempts');
    expect(held.requests).toHaveLength(2);
  });

  it('an incomplete body', async () => {
    const cut = await testServer((response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('{"Item":', () => response.socket?.destroy());
    });
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', cut.url.origin);
    expect(await failureOf(openStaging().slot(slot))).toContain(
      `before the response was complete after ${attemptsMax} attempts`,
    );
    expect(cut.requests).toHaveLength(attemptsMax);
  });
});

describe('DynamoStaging reports', () => {
  it('a missing table, with the command that creates it', async () => {
    const staging = openStaging({ table: 'nowhere' });
    const command =
      '`aws dynamodb create-table --region eu-west-1 --table-name nowhere ' +
      '--attribute-definitions AttributeName=pk,AttributeType=S AttributeName=sk,AttributeType=S ' +
      '--key-schema AttributeName=pk,KeyType=HASH AttributeName=sk,KeyType=RANGE --billing-mode PAY_PER_REQUEST`';
    expect(await errorOf(staging.prepare())).toMatchObject({
      code: 'staging-invalid',
      message: expect.stringContaining(command),
    });
    expect(await failureOf(staging.state())).toContain(command);
    expect(await failureOf(staging.slot(slot))).toContain(command);
    expect(await failureOf(staging.record(ledgerRecord({ slot: slot.id }), 0))).toContain(command);
    expect(await failureOf(staging.stage([stagedMessage({ slot: slot.id })]))).toContain(command);
    expect(await failureOf(staging.unstage(slot, ['a'], late))).toContain(command);
  });

  it.each([
    ['id (S)', [['id', 'HASH', 'S']]],
    ['pk (S), sk (N)', [['pk', 'HASH', 'S'], ['sk', 'RANGE', 'N']]], // biome-ignore format: a table
    ['sk (S), pk (S)', [['sk', 'HASH', 'S'], ['pk', 'RANGE', 'S']]], // biome-ignore format: a table
  ] as const)('a table with the keys %s', async (told, shape) => {
    const name = `other-${randomUUID()}`;
    await createTable(name, {
      KeySchema: shape.map(([AttributeName, KeyType]) => ({ AttributeName, KeyType })),
      AttributeDefinitions: shape.map(([AttributeName, , AttributeType]) => ({ AttributeName, AttributeType })),
    });
    const staging = openStaging({ table: name });
    expect(await errorOf(staging.prepare())).toMatchObject({
      code: 'staging-invalid',
      message: expect.stringContaining(`the keys ${told} instead of pk (S), sk (S)`),
    });
    if (told !== 'pk (S), sk (N)') expect(await failureOf(staging.state())).toContain('refused dynamodb:Query');
  });

  it('a table that is still being created', async () => {
    const slow = await dynamoServer(60_000);
    onTestFinished(() => slow.close());
    useDynamo(slow.url);
    await createTable(table);
    expect(await errorOf(openStaging().prepare())).toMatchObject({
      code: 'staging-unavailable',
      message: expect.stringContaining('CREATING'),
    });
  });

  it.each([
    ['Query', 'Query', (staging: DynamoStaging) => staging.state()],
    ['GetItem', 'GetItem', (staging: DynamoStaging) => staging.slot(slot)],
    ['PutItem', 'PutItem', (staging: DynamoStaging) => staging.record(ledgerRecord({ slot: slot.id }), 0)],
    ['PutItem', 'TransactWriteItems', (staging: DynamoStaging) => staging.stage(messages(2))],
    ['DeleteItem', 'TransactWriteItems', (staging: DynamoStaging) => staging.unstage(slot, ['a'], late)],
    ['DescribeTable', 'DescribeTable', (staging: DynamoStaging) => staging.prepare()],
  ])('a missing permission for %s by %s', async (action, request, ask) => {
    let sent = 0;
    await useFront(async (each, pass) => {
      if (each.action !== request) return pass();
      sent += 1;
      return dynamoError(
        'AccessDeniedException',
        `User: arn:aws:iam::123456789012:role/r is not authorized to perform: dynamodb:${action} on resource: t`,
      );
    });
    const { code, message } = await errorOf(ask(openStaging()));
    expect(code).toBe('aws-permission');
    expect(message).toContain(table);
    expect(message).toContain(`the permission dynamodb:${action}`);
    expect(message).not.toContain('123456789012');
    expect(sent).toBe(1);
  });

  it('a missing permission for the KMS key of the table', async () => {
    await useFront(async () =>
      dynamoError('AccessDeniedException', 'User: u is not authorized to perform: kms:Decrypt on it'),
    );
    expect(await failureOf(openStaging().state())).toContain('the permission kms:Decrypt');
  });

  it.each(['ExpiredTokenException', 'UnrecognizedClientException', 'InvalidSignatureException'])(
    'credentials rejected with %s',
    async (name) => {
      await useFront(async () => dynamoError(name, 'The secret token'));
      const { code, message } = await errorOf(openStaging().prepare());
      expect(code).toBe('aws-credentials');
      expect(message).toContain(name);
      expect(message).not.toContain('secret');
    },
  );

  it('missing credentials and regions', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) vi.stubEnv(name, undefined);
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/nowhere/file');
    expect(await errorOf(openStaging().prepare())).toMatchObject({ code: 'aws-credentials' });
    useDynamo(server.url);
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION']) vi.stubEnv(name, undefined);
    expect(await errorOf(openStaging().prepare())).toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('`aws-region`'),
    });
    await openStaging({ region: 'us-east-1' }).prepare();
  });

  it('nothing with the credentials of a role, which sign its requests', async () => {
    const signers: string[] = [];
    const seen = await testServer((response, _count, request) => {
      signers.push(String(request.headers.authorization));
      response.end('{"Items":[]}');
    });
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', seen.url.origin);
    const credentials = async () => ({ accessKeyId: 'ROLE', secretAccessKey: 's', sessionToken: 't' });
    await openStaging({ credentials, region: 'eu-north-1' }).slot(slot);
    expect(signers[0]).toMatch(/Credential=ROLE\/\d+\/eu-north-1\/dynamodb\//);
  });
});

describe('DynamoStaging: proxies', () => {
  it('are used as the environment says', async () => {
    const proxy = await testServer((response) => response.end('{"Items":[]}'));
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', 'http://dynamodb.example');
    vi.stubEnv('HTTP_PROXY', proxy.url.origin);
    vi.stubEnv('http_proxy', proxy.url.origin);
    expect(await openStaging().state()).toEqual({ ledger: [], staged: [] });
    expect(proxy.requests[0]!.url).toBe('http://dynamodb.example/');
  });
});

describe('DynamoStaging: damaged items', () => {
  /** Replaces attributes of an item, or removes those that are undefined. */
  async function change(sk: string, changes: Readonly<Record<string, AttributeValue | undefined>>): Promise<void> {
    const client = rawClient();
    const { Item } = await client.send(
      new GetItemCommand({ TableName: table, Key: { pk: { S: 'archive' }, sk: { S: sk } } }),
    );
    const next = Object.entries({ ...Item, ...changes }).filter(([, value]) => value !== undefined);
    await client.send(
      new PutItemCommand({ TableName: table, Item: Object.fromEntries(next) as Record<string, AttributeValue> }),
    );
  }

  it.each([
    ['text', { S: 'abc' }],
    ['none', undefined],
    ['null', { NULL: true }],
    ['a huge number', { N: '1e30' }],
    ['zero', { N: '0' }],
  ] as const)('a record with the revision %s is named, and replaced by the next one, once', async (_, revision) => {
    const staging = openStaging();
    await staging.record(ledgerRecord({ slot: slot.id }), 0);
    await change(`slot#${start}`, { revision });
    expect(await staging.state()).toEqual({
      ledger: [],
      staged: [],
      damaged: [{ kind: 'slot', key: start, start: slot.start, member: 'revision' }],
    });
    const { version: _version, ...kept } = ledgerRecord({ slot: slot.id });
    expect((await staging.slot(slot)).record).toEqual({ ...kept, revision: 0 });
    expect(await staging.record(ledgerRecord({ slot: slot.id }), 0)).toBe(true);
    expect(await staging.record(ledgerRecord({ slot: slot.id }), 0)).toBe(false);
    expect((await staging.state()).damaged).toBeUndefined();
  });

  it.each([
    ['text', { S: 'zzz' }],
    ['none', undefined],
    ['a number', { N: '5' }],
  ] as const)('a pending message with the reading time %s is replaced or removed', async (_, read_at) => {
    const staging = openStaging();
    const messages = ['a', 'b'].map((message_id) => stagedMessage({ slot: slot.id, message_id }));
    await staging.stage(messages);
    for (const id of ['a', 'b']) await change(`message#${start}#${id}`, { read_at });
    expect((await staging.state()).damaged).toMatchObject([{ member: 'read_at' }, { member: 'read_at' }]);
    expect((await staging.slot(slot)).staged.map(({ message_id, read_at }) => [message_id, read_at])).toEqual([
      ['a', '1970-01-01T00:00:00.000Z'],
      ['b', '1970-01-01T00:00:00.000Z'],
    ]);
    await staging.stage(messages.slice(0, 1));
    await staging.unstage(slot, ['b'], late);
    expect(await staging.state()).toEqual({ ledger: [], staged: messages.slice(0, 1) });
  });

  it('a pending message is known by its key', async () => {
    const staging = openStaging();
    await staging.stage([stagedMessage({ slot: slot.id, message_id: 'a#1' })]);
    await change(`message#${start}#a#1`, { slot: { NULL: true }, message_id: { S: 'b' } });
    expect((await staging.state()).damaged).toMatchObject([{ key: 'a#1', start: slot.start }]);
    expect((await staging.slot(slot)).staged).toEqual([stagedMessage({ slot: slot.id, message_id: 'a#1' })]);
  });
});

describe('DynamoStaging repeats a success', () => {
  const { record, message } = {
    record: ledgerRecord({ slot: slot.id }),
    message: stagedMessage({ slot: slot.id, message_id: 'a' }),
  };
  const bodies = ['', '[]', 'null', '<html>Welcome</html>', '{'];

  it.each(bodies)('whose body is %j, for every kind of request', async (body) => {
    const seen = new Set<string>();
    await useFront(async ({ action }, pass) => {
      if (seen.has(action)) return pass();
      seen.add(action);
      return { status: 200, body };
    });
    const staging = openStaging();
    await staging.prepare();
    expect(await staging.record(record, 0)).toBe(true);
    await staging.stage([message]);
    await staging.keepNote('a', 'text');
    expect(await staging.note('a')).toBe('text');
    expect(await staging.state()).toEqual({ ledger: [record], staged: [message] });
    await staging.unstage(slot, ['a'], late);
    expect(await staging.state()).toEqual({ ledger: [record], staged: [] });
    expect(seen.size).toBeGreaterThanOrEqual(4);
  });

  it.each([
    ['Query', '{}'],
    ['Query', '{"Items":[],"Count":1}'],
    ['DescribeTable', '{}'],
  ])('of %s with the body %s, then reports it', async (wanted, body) => {
    await useFront(async ({ action }, pass) => (action === wanted ? { status: 200, body } : pass()));
    const staging = openStaging();
    const error = await errorOf(wanted === 'Query' ? staging.state() : staging.prepare());
    expect(error.code).toBe('staging-unavailable');
    expect(error.message).toContain(`incomplete after ${attemptsMax} attempts`);
  });

  it('whose checksum differs', async () => {
    const served = await testServer((response, count) => {
      const body = '{"Items":[],"Count":0}';
      response.writeHead(200, { 'x-amz-crc32': String(crc32(body) + (count === 1 ? 1 : 0)) }).end(body);
    });
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', served.url.origin);
    expect(await openStaging().state()).toEqual({ ledger: [], staged: [] });
    expect(served.requests).toHaveLength(2);
  });
});
