import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ErrorCode, exitCodeOf, UserError } from '../../src/errors.ts';
import { Bundle, type Inputs, type Step, type Variables } from './bundle.ts';
import { Cloud } from './cloud.ts';
import { endpoints } from './endpoints.ts';
import { elasticsearches } from './engines.ts';
import { refused } from './fates.ts';
import { Relay } from './relay.ts';
import { searchRefused } from './searches.ts';

const { s3, moto } = endpoints();
const { url: elasticsearch } = elasticsearches()[1]!;
const nobody = 'http://127.0.0.1:9';
const absent = `absent-${randomUUID()}`;
const otherTable = `other-${randomUUID()}`;
const stepMsMax = 300_000;

let folder: string;
let bundle: Bundle;
let readOnly: Relay;
let wantsKey: Relay;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'message-archive-refusals-'));
  bundle = await Bundle.build(folder);
  readOnly = await Relay.start(s3.endpoint, ({ method }) =>
    method === 'PUT' ? refused(403, 'AccessDenied') : undefined,
  );
  wantsKey = await Relay.start(elasticsearch, () => searchRefused('Elasticsearch', 401, 'security_exception'));
  await makeOtherTable();
});

afterAll(async () => {
  await Promise.all([readOnly.close(), wantsKey.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** A table whose keys are not those that staging needs. */
async function makeOtherTable(): Promise<void> {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  const client = new DynamoDBClient({ endpoint: moto, region: 'us-east-1', credentials });
  await client.send(
    new CreateTableCommand({
      TableName: otherTable,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
  client.destroy();
}

describe.concurrent('what cannot be used is named in one sentence, and no message is written', () => {
  interface Refusal {
    readonly inputs?: Inputs;
    readonly variables?: () => Variables;
    readonly sentence: RegExp;
    readonly alsoSaid?: RegExp;
  }

  const refusals: Record<string, Refusal> = {
    'a bucket that is not there': {
      inputs: { archive: `s3://${absent}/some/where` },
      sentence: new RegExp(`^The bucket "${absent}" \\S*.*\\[archive-not-found\\]$`),
    },
    'a bucket of another region': {
      variables: () => ({ AWS_REGION: 'eu-west-1' }),
      sentence: /^The bucket "whole-\S+" .*`aws-region`.* \[input-invalid\]$/,
    },
    'a bucket that may not be written': {
      variables: () => ({ AWS_ENDPOINT_URL_S3: readOnly.url }),
      sentence: /^The bucket "whole-\S+" .*s3:PutObject is denied \(AccessDenied\)\. .* \[aws-permission\]$/,
    },
    'a secret of AWS that is mistyped': {
      variables: () => ({ AWS_SECRET_ACCESS_KEY: 'mistyped' }),
      sentence: /^The bucket "whole-\S+" .*\(SignatureDoesNotMatch\)\. .* \[aws-credentials\]$/,
    },
    'a table that is not there': {
      inputs: { staging: `dynamodb:${absent}` },
      sentence: new RegExp(
        `^There is no DynamoDB table ${absent} in us-east-1\\. .*\\\`aws dynamodb create-table --region us-east-1 --table-name ${absent} `,
      ),
    },
    'a table of another shape': {
      inputs: { staging: `dynamodb:${otherTable}` },
      sentence: new RegExp(`^The DynamoDB table ${otherTable} in us-east-1 .*keys`),
    },
    'a role, in a job that may not ask for a token': {
      inputs: { 'role-to-assume': 'arn:aws:iam::123456789012:role/archive' },
      sentence: /`id-token: write`.* \[aws-permission\]$/,
    },
    'an index that is not there': {
      inputs: { 'elasticsearch-url': elasticsearch, 'elasticsearch-index': absent },
      sentence: new RegExp(`^Elasticsearch .*${absent}`),
    },
    'an Elasticsearch that wants another key': {
      inputs: { 'elasticsearch-index': absent, 'elasticsearch-api-key': 'a-key-that-nobody-may-see' },
      variables: () => ({ 'INPUT_ELASTICSEARCH-URL': wantsKey.url }),
      sentence: /^Elasticsearch at \S+ denied access \(401.*\): check elasticsearch-api-key\. \[source-unauthorized\]$/,
    },
    'an Elasticsearch that is not there': {
      inputs: { 'api-url': '', 'api-token': '', 'elasticsearch-url': nobody, 'elasticsearch-index': absent },
      sentence: new RegExp(`^Elasticsearch at ${nobody} was unreachable after 7 attempts`),
      alsoSaid: new RegExp(`^Elasticsearch at ${nobody} was unreachable .*; .*\\d+ s.*\\d of 7`, 'm'),
    },
  };

  it.each(Object.keys(refusals))(
    '%s',
    async (name) => {
      const { inputs, variables, sentence, alsoSaid } = refusals[name]!;
      const cloud = await Cloud.make();
      try {
        const { code, log } = await step(cloud, inputs ?? {}, variables?.() ?? {});
        const errors = log.split('\n').filter((line) => line.startsWith('Error: '));
        expect(errors.length, log).toBe(1);
        const [, errorCode] = / \[([a-z-]+)\]$/.exec(errors[0]!) ?? [];
        expect(code, log).toBe(exitCodeOf(new UserError(errorCode as ErrorCode, '')));
        expect(errors[0]!.slice('Error: '.length)).toMatch(sentence);
        if (alsoSaid !== undefined) expect(log).toMatch(alsoSaid);
        expect(log).not.toMatch(/^ +at |a-key-that-nobody-may-see/m);
        const written = [...(await cloud.objects()).keys()].filter((path) => !/^_(archive\.json$|report\/)/.test(path));
        expect({ written, items: await cloud.items() }).toEqual({ written: [], items: 0 });
      } finally {
        cloud.close();
      }
    },
    stepMsMax,
  );

  function step(cloud: Cloud, inputs: Inputs, variables: Variables): Promise<Step> {
    const given = {
      ...cloud.inputs,
      from: '2022-01-01T00:00:00Z',
      'as-of': '2023-03-01T00:00:00Z',
      'api-url': `${nobody}/messages`,
      'api-token': 'a-token-of-a-test',
    };
    return bundle.step({ ...given, ...inputs }, { ...Cloud.variables(), ...variables });
  }
});
