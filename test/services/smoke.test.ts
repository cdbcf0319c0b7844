import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createTable } from './cloud.ts';
import { endpoints } from './endpoints.ts';
import { searchEngines } from './engines.ts';

const region = 'us-east-1';
const unique = crypto.randomUUID();

describe.each(searchEngines())('$name', ({ name, product, url }) => {
  async function ask(path: string, method = 'GET', body?: object): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    const request = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    return (await fetch(`${url}${path}`, request)).json();
  }

  test('is of that major, and healthy', async () => {
    const { nodes } = (await ask('/_nodes?filter_path=nodes.*.version')) as {
      nodes: Record<string, { version: string }>;
    };
    expect(Object.values(nodes).map(({ version }) => `${product} ${version.split('.')[0]}`)).toEqual([name]);
    expect(await ask('/_cluster/health?wait_for_status=yellow')).toMatchObject({
      timed_out: false,
      number_of_nodes: 1,
    });
  });

  test('finds a document', async () => {
    const index = `smoke-${unique}`;
    onTestFinished(async () => void (await ask(`/${index}`, 'DELETE')));
    const message = { message_id: 'm-1', timestamp: '2024-06-01T00:00:00Z' };
    expect(await ask(`/${index}/_doc/m-1?refresh=true`, 'PUT', message)).toMatchObject({ result: 'created' });
    const query = { term: { 'message_id.keyword': 'm-1' } };
    expect(await ask(`/${index}/_search`, 'POST', { query })).toMatchObject({ hits: { hits: [{ _source: message }] } });
  });
});

describe('S3', () => {
  test('returns what was put, and refuses a second PUT that must be the first', async () => {
    const { endpoint, ...credentials } = endpoints().s3;
    const client = new S3Client({ endpoint, credentials, region, forcePathStyle: true });
    onTestFinished(() => client.destroy());
    const Bucket = `smoke-${unique}`;
    const object = { Bucket, Key: 'month=2024-06/messages.parquet' };
    await client.send(new CreateBucketCommand({ Bucket }));
    expect((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined();
    await client.send(
      new PutObjectCommand({ ...object, Body: 'rows', IfNoneMatch: '*', Metadata: { 'write-id': 'w' } }),
    );
    const { Body, Metadata } = await client.send(new GetObjectCommand(object));
    expect([await Body!.transformToString(), Metadata]).toEqual(['rows', { 'write-id': 'w' }]);
    const again = client.send(new PutObjectCommand({ ...object, Body: 'other', IfNoneMatch: '*' }));
    await expect(again).rejects.toMatchObject({ name: 'PreconditionFailed' });
  });
});

describe('moto', () => {
  const settings = { endpoint: endpoints().moto, region, credentials: { accessKeyId: 'any', secretAccessKey: 'any' } };

  test('creates a table', async () => {
    const client = new DynamoDBClient(settings);
    onTestFinished(() => client.destroy());
    const TableName = `smoke-${unique}`;
    await createTable(client, TableName);
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    expect(Table).toMatchObject({ TableStatus: 'ACTIVE', BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' } });
  });

  test('gives credentials for a web identity', async () => {
    const client = new STSClient(settings);
    onTestFinished(() => client.destroy());
    const RoleArn = 'arn:aws:iam::123456789012:role/archive';
    const request = { RoleArn, RoleSessionName: 'smoke', WebIdentityToken: 'a.b.c', DurationSeconds: 900 };
    const { Credentials } = await client.send(new AssumeRoleWithWebIdentityCommand(request));
    expect(Credentials).toMatchObject({
      AccessKeyId: expect.stringMatching(/^ASIA/),
      SessionToken: expect.any(String),
    });
    const lifeMs = Credentials!.Expiration!.getTime() - Date.now();
    expect(lifeMs).toBeGreaterThan(0);
    expect(lifeMs).toBeLessThanOrEqual(900_000);
  });
});
