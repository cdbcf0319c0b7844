import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { request } from 'undici';
import { vi } from 'vitest';
import { DynamoStaging } from '../../src/io/dynamodb/staging.ts';
import { type StagingUnderTest, stagingUnderTest } from '../io/conformance/staging.ts';
import { TestClock } from './clock.ts';
import { testServer } from './http-server.ts';
import { TransactionsOn } from './transactions.ts';

interface DynaliteOptions {
  readonly createTableMs: number;
}

const dynalite = createRequire(import.meta.url)('dynalite') as (options: DynaliteOptions) => Server;

export interface DynamoServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts an in-memory DynamoDB on the loopback interface: dynalite, and transactions, which it lacks. */
export async function dynamoServer(createTableMs = 0): Promise<DynamoServer> {
  const tables = dynalite({ createTableMs });
  const transactions = new TransactionsOn(await listening(tables));
  const server = createServer(async (incoming, response) => {
    if (!String(incoming.headers['x-amz-target']).endsWith('.TransactWriteItems'))
      return void tables.emit('request', incoming, response);
    const { status, body } = await transactions.answer(incoming.headers, await text(incoming));
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
  });
  const url = await listening(server);
  return { url, close: async () => void (await Promise.all([closed(server), closed(tables)])) };
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function closed(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
}

/** Configures the AWS SDK for this DynamoDB by environment variables. */
export function useDynamo(url: string): void {
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', url);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'testtest');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('NO_PROXY', '127.0.0.1');
}

const keys: Pick<CreateTableCommandInput, 'KeySchema' | 'AttributeDefinitions'> = {
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
};

/** Creates a table in the configured DynamoDB, by default with the keys of the staging. */
export async function createTable(table: string, shape = keys): Promise<void> {
  const client = new DynamoDBClient();
  try {
    await client.send(new CreateTableCommand({ TableName: table, BillingMode: 'PAY_PER_REQUEST', ...shape }));
  } finally {
    client.destroy();
  }
}

/** The stagings of two archives in one table, for the conformance suite. */
export function dynamoUnderTest(table: string): Promise<StagingUnderTest> {
  return stagingUnderTest(
    (archive) => new DynamoStaging({ table, archive, clock: new TestClock(), newId: randomUUID }),
  );
}

export interface DynamoRequest {
  /** `Query`, `PutItem`, … */
  readonly action: string;
  // biome-ignore lint/suspicious/noExplicitAny: each action has another body
  readonly body: any;
}

export interface DynamoAnswer {
  readonly status: number;
  readonly body: string;
}

/** Forwards the request, optionally with another body. */
type Pass = (body?: unknown) => Promise<DynamoAnswer>;

/**
 * Starts a proxy before a DynamoDB that can replace its responses; `undefined` drops the connection.
 * @returns its URL
 */
export async function dynamoFront(
  upstream: string,
  answer: (request: DynamoRequest, pass: Pass) => Promise<DynamoAnswer | undefined>,
): Promise<string> {
  const { url } = await testServer(async (response, _count, incoming) => {
    const sent = await text(incoming);
    const action = String(incoming.headers['x-amz-target']).split('.')[1]!;
    const pass: Pass = async (body = JSON.parse(sent)) => {
      const headers = Object.fromEntries(
        ['content-type', 'authorization', 'x-amz-target', 'x-amz-date'].map((name) => [
          name,
          String(incoming.headers[name]),
        ]),
      );
      const passed = await request(upstream, { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: passed.statusCode, body: await passed.body.text() };
    };
    const given = await answer({ action, body: JSON.parse(sent) }, pass);
    if (given === undefined) return void response.socket?.destroy();
    response.writeHead(given.status, { 'content-type': 'application/x-amz-json-1.0' }).end(given.body);
  });
  return url.origin;
}

/** Returns a DynamoDB error response. */
export function dynamoError(name: string, message = '', status = 400, more: object = {}): DynamoAnswer {
  return { status, body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message, ...more }) };
}

/** Returns the response to a transaction that was cancelled, with a reason for each action. */
export function cancelled(...codes: readonly string[]): DynamoAnswer {
  const CancellationReasons = codes.map((Code) => ({ Code }));
  return dynamoError('TransactionCanceledException', '', 400, { CancellationReasons });
}
