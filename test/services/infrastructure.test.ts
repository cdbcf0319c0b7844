import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  GetBucketEncryptionCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { startSource } from '../../demo/source/server.ts';
import { aws, cfnLint, shell } from './aws-cli.ts';
import { Bundle } from './bundle.ts';
import { endpoints } from './endpoints.ts';
import { type Access, dynamoAccesses, isAllowed, mayAssume, type Policy, policyOf, type Trust } from './iam.ts';
import { Relay } from './relay.ts';

const root = join(import.meta.dirname, '..', '..');
const template = join(root, 'examples', 'infrastructure', 'message-archive.yaml');
const gitHub = 'token.actions.githubusercontent.com';
const workflow = 'acme/message-archive/.github/workflows/archive.yml@';

/** The stack of a repository. */
class Stack {
  readonly name: string;
  /** The outputs of the template by name; they are inputs of the action. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly trust: Trust;
  readonly policies: readonly Policy[];

  private constructor(name: string, outputs: Stack['outputs'], trust: Trust, policies: readonly Policy[]) {
    this.name = name;
    this.outputs = outputs;
    this.trust = trust;
    this.policies = policies;
  }

  /** moto makes no identity provider in a stack, and keeps no outputs of one that was deployed: it is given the one, and asked to create. */
  static async create(parameters: Readonly<Record<string, string>>): Promise<Stack> {
    const name = `stack-${randomUUID()}`;
    const issuer = parameters.Issuer ?? gitHub;
    const all = {
      GitHubOwner: 'acme',
      GitHubRepository: 'archive',
      IdentityProviderArn: `arn:aws:iam::123456789012:oidc-provider/${issuer}`,
      TableName: name,
      ...parameters,
    };
    const given = Object.entries(all).map(([key, value]) => `ParameterKey=${key},ParameterValue=${value}`);
    await aws(
      ...['cloudformation', 'create-stack', '--stack-name', name, '--template-body', `file://${template}`],
      ...['--capabilities', 'CAPABILITY_IAM', '--parameters', ...given],
    );
    return Stack.#read(name);
  }

  static async #read(name: string): Promise<Stack> {
    const described = await aws<{ Stacks: [{ Outputs: { OutputKey: string; OutputValue: string }[] }] }>(
      ...['cloudformation', 'describe-stacks', '--stack-name', name],
    );
    const outputs = Object.fromEntries(
      described.Stacks[0].Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
    );
    const { RoleDetailList: roles, Policies: policies } = await aws<Details>(
      ...['iam', 'get-account-authorization-details', '--filter', 'Role', 'LocalManagedPolicy'],
    );
    const role = roles.find(({ Arn }) => Arn === outputs.RoleToAssume)!;
    const attached = new Set(role.AttachedManagedPolicies.map(({ PolicyArn }) => PolicyArn));
    const documents = policies
      .filter(({ Arn }) => attached.has(Arn))
      .map(({ PolicyVersionList: [version] }) => version.Document);
    return new Stack(name, outputs, role.AssumeRolePolicyDocument, documents);
  }

  get bucket(): string {
    return new URL(this.outputs.Archive!).host;
  }
}

interface Details {
  readonly RoleDetailList: readonly {
    readonly Arn: string;
    readonly AssumeRolePolicyDocument: Trust;
    readonly AttachedManagedPolicies: readonly { readonly PolicyArn: string }[];
  }[];
  readonly Policies: readonly { readonly Arn: string; readonly PolicyVersionList: readonly [{ Document: Policy }] }[];
}

describe('the template of the infrastructure', () => {
  let stack: Stack;
  let locked: Stack;
  let enterprise: Stack;
  let searching: Stack;

  const domain = 'arn:aws:es:us-east-1:123456789012:domain/messages';
  beforeAll(async () => {
    const numbers = { GitHubOwnerId: '123456', GitHubRepositoryId: '456789' };
    [stack, locked, enterprise, searching] = await Promise.all([
      Stack.create({ ...numbers, GitHubWorkflow: `${workflow}*` }),
      Stack.create({ ...numbers, Prefix: 'archives', ObjectLockMode: 'COMPLIANCE', ObjectLockDays: '3653' }),
      Stack.create({ Issuer: 'github.acme.example/_services/token' }),
      Stack.create({ ...numbers, OpenSearchDomainArn: domain }),
    ]);
  });

  it('has no findings of cfn-lint', async () => {
    expect(await cfnLint(template)).toBe('');
  });

  it('is deployed by the command of the guide', async () => {
    const guide = await readFile(join(root, 'docs', 'getting-started.md'), 'utf8');
    const [, command] = /```sh\n(aws cloudformation deploy[\s\S]*?)```/.exec(guide)!;
    expect(await shell(command!)).toMatch(
      /^(Successfully created\/updated stack - message-archive|No changes to deploy)/m,
    );
  });

  it('encrypts the bucket with its key', async () => {
    const s3 = s3Client();
    const { ServerSideEncryptionConfiguration } = await s3.send(
      new GetBucketEncryptionCommand({ Bucket: stack.bucket }),
    );
    expect(ServerSideEncryptionConfiguration!.Rules![0]!.ApplyServerSideEncryptionByDefault).toEqual({
      SSEAlgorithm: 'aws:kms',
      KMSMasterKeyID: stack.outputs.KeyArn,
    });
    s3.destroy();
  });

  it('makes the table on demand, protected, with the keys that the action expects', async () => {
    const dynamo = new DynamoDBClient(client);
    const { Table } = await dynamo.send(new DescribeTableCommand({ TableName: stack.name }));
    expect(Table).toMatchObject({
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      DeletionProtectionEnabled: true,
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    });
    dynamo.destroy();
  });

  it('lets the role do what docs/iam-policy.json says, and what Object Lock needs only with it', async () => {
    const text = await readFile(join(root, 'docs', 'iam-policy.json'), 'utf8');
    const expected = ({ name, bucket, outputs }: Stack, prefix: string) =>
      policyOf(text.replace('arn:aws:kms:REGION:ACCOUNT:key/KEY', outputs.KeyArn!), { bucket, prefix, table: name });
    const statements = ({ policies }: Stack) => new Set(policies.flatMap(({ Statement }) => Statement));
    const without = expected(stack, 'messages').Statement.filter(({ Sid }) => Sid !== 'OnlyWithObjectLockMode');
    expect(statements(stack)).toEqual(new Set(without));
    expect(statements(locked)).toEqual(new Set(expected(locked, 'archives').Statement));
  });

  it.each(['es:ESHttpGet', 'es:ESHttpPost', 'es:ESHttpDelete'])('allows %s on the named domain only', (action) => {
    const allows = ({ policies }: Stack, resource: string) =>
      policies.some((policy) => isAllowed({ action, resource, context: {} }, policy));
    expect(allows(searching, `${domain}/messages-1/_search`)).toBe(true);
    expect(allows(searching, `${domain}2/messages-1/_search`)).toBe(false);
    expect(allows(stack, `${domain}/messages-1/_search`)).toBe(false);
  });

  const main = 'ref:refs/heads/main';
  const token = {
    aud: 'sts.amazonaws.com',
    sub: `repo:acme@123456/archive@456789:${main}`,
    repository_id: '456789',
    job_workflow_ref: `${workflow}refs/tags/v1`,
  };
  const tokens: [trusted: boolean, who: string, claims: Partial<typeof token>][] = [
    [true, 'the repository, with numbers in its subject', {}],
    [true, 'the repository, with names alone in its subject', { sub: `repo:acme/archive:${main}` }],
    [false, 'a later one of the same name', { sub: `repo:acme@777/archive@888:${main}`, repository_id: '888' }],
    [false, 'a later one, names alone', { sub: `repo:acme/archive:${main}`, repository_id: '888' }],
    [false, 'another branch', { sub: 'repo:acme@123456/archive@456789:ref:refs/heads/topic' }],
    [false, 'a pull request', { sub: 'repo:acme/archive:pull_request' }],
    [false, 'another repository of the owner', { sub: `repo:acme@123456/other@5:${main}`, repository_id: '5' }],
    [false, 'a token for another audience', { aud: 'https://github.com/acme' }],
    [false, 'another workflow', { job_workflow_ref: 'acme/archive/.github/workflows/other.yml@refs/heads/main' }],
  ];

  it.each(tokens)('says %s to %s', (trusted, _, claims) => {
    expect(mayAssume(stack.trust, gitHub, { ...token, ...claims })).toBe(trusted);
  });

  it('trusts an Enterprise Server by its own issuer', () => {
    const { aud, sub } = { ...token, sub: `repo:acme/archive:${main}` };
    const issuer = 'github.acme.example/_services/token';
    expect(mayAssume(enterprise.trust, issuer, { aud, sub })).toBe(true);
    expect(mayAssume(enterprise.trust, issuer, { aud, sub: `${sub}-topic` })).toBe(false);
    expect(mayAssume(enterprise.trust, gitHub, { ...token, sub })).toBe(false);
    expect(enterprise.trust.Statement[0].Principal.Federated).toBe(`arn:aws:iam::123456789012:oidc-provider/${issuer}`);
  });

  it('makes a place where the action archives, with the role and nothing else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'message-archive-infrastructure-'));
    const issuer = createServer((_, response) => response.end(JSON.stringify({ value: 'a.b.c' })));
    const dynamodb = await Relay.start(endpoints().moto);
    const source = await startSource({ seed: 4, from: '2024-01-01', to: '2024-03-01', messages: 40, oddities: 0 });
    try {
      await new Promise<void>((listening) => void issuer.listen(0, '127.0.0.1', listening));
      const { port } = issuer.address() as { port: number };
      const bundle = await Bundle.build(folder);
      const inputs = {
        from: '2024-01-01',
        to: '2024-03-01',
        archive: stack.outputs.Archive!,
        staging: stack.outputs.Staging!,
        'role-to-assume': stack.outputs.RoleToAssume!,
        'aws-region': stack.outputs.AwsRegion!,
        'api-url': source.url,
        'api-token': source.token,
      };
      const variables = {
        AWS_ENDPOINT_URL: endpoints().moto,
        AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
        ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a-bearer',
      };
      const done = await bundle.done(inputs, variables);
      expect(done).toMatchObject({ complete: 'true', archived: expect.stringMatching(/^[1-9]/) });
      expect(await bundle.done({ ...inputs, command: 'verify' }, variables)).toEqual({ complete: 'true' });
      expect(await keysUsed(stack)).toEqual(new Set([stack.outputs.KeyArn]));
      await limitedToOneArchive(await archiveId(stack), dynamodb.requests.flatMap(dynamoAccesses));
    } finally {
      issuer.close();
      await dynamodb.close();
      await source.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** A role that is limited to one archive may do all that was done for it, and the same for no other archive. */
async function limitedToOneArchive(ArchiveId: string, accesses: readonly Access[]): Promise<void> {
  const limited = await Stack.create({ GitHubOwnerId: '123456', GitHubRepositoryId: '456789', ArchiveId });
  const resource = `arn:aws:dynamodb:us-east-1:123456789012:table/${limited.name}`;
  const allows = (access: Access) => limited.policies.some((policy) => isAllowed({ ...access, resource }, policy));
  const ofItems = accesses.filter(({ context }) => 'dynamodb:LeadingKeys' in context);
  expect(new Set(ofItems.map(({ action }) => action))).toEqual(
    new Set(['Query', 'GetItem', 'PutItem'].map((action) => `dynamodb:${action}`)),
  );
  expect(accesses.filter((access) => !allows(access))).toEqual([]);
  const elsewhere = { 'dynamodb:LeadingKeys': randomUUID() };
  expect(ofItems.filter((access) => allows({ ...access, context: elsewhere }))).toEqual([]);
}

/** As the guide reads it. */
async function archiveId({ bucket, outputs }: Stack): Promise<string> {
  const s3 = s3Client();
  const { pathname } = new URL(outputs.Archive!);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: `${pathname.slice(1)}/_archive.json` }));
  const { id } = JSON.parse(await Body!.transformToString());
  s3.destroy();
  return id;
}

const client = {
  endpoint: endpoints().moto,
  region: 'us-east-1',
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
};

function s3Client(): S3Client {
  return new S3Client({ ...client, forcePathStyle: true });
}

/** The keys that encrypt the objects of a stack's bucket. */
async function keysUsed({ bucket }: Stack): Promise<Set<string | undefined>> {
  const s3 = s3Client();
  const keys = new Set<string | undefined>();
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket })) {
    for (const { Key } of Contents)
      keys.add((await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: Key! }))).SSEKMSKeyId);
  }
  s3.destroy();
  return keys;
}
