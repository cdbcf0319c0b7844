import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Resource {
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  // biome-ignore lint/suspicious/noExplicitAny: properties depend on the resource type.
  readonly Properties: Record<string, any>;
}

const root = join(import.meta.dirname, '..', '..');
/** The template with the placeholder names of docs/iam-policy.json. */
const text = readFileSync(join(root, 'examples', 'infrastructure', 'message-archive.yaml'), 'utf8')
  .replaceAll(/\$\{Bucket\.Arn\}|Bucket\.Arn/g, 'arn:aws:s3:::BUCKET')
  .replaceAll(/\$\{Prefix\}/g, 'PREFIX')
  .replaceAll(/\$\{AWS::AccountId\}|AWS::AccountId/g, 'ACCOUNT')
  .replaceAll(/\$\{AWS::Region\}\.\$\{AWS::URLSuffix\}/g, 'REGION.amazonaws.com')
  .replaceAll('Table.Arn', 'arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE')
  .replaceAll('Key.Arn', 'arn:aws:kms:REGION:ACCOUNT:key/KEY');
// CloudFormation's tags are ignored: `!GetAtt Key.Arn` becomes the text.
const { Resources: resources } = parse(text, { logLevel: 'error' }) as { Resources: Record<string, Resource> };

interface Denial {
  readonly Effect: string;
  readonly Principal: string;
  readonly Action: string;
  readonly Condition: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Returns true if every operator of a condition holds. As in IAM, a negated operator holds for an absent key. */
function holds(condition: Denial['Condition'], context: Readonly<Record<string, string>>): boolean {
  return Object.entries(condition).every(([operator, keys]) =>
    Object.entries(keys).every(([name, wanted]) => operators[operator]!(context[name], wanted)),
  );
}

const operators: Readonly<Record<string, (value: string | undefined, wanted: string) => boolean>> = {
  Bool: (value, wanted) => value === wanted,
  Null: (value, wanted) => String(value === undefined) === wanted,
  NumericLessThan: (value, wanted) => value !== undefined && Number(value) < Number(wanted),
  StringNotEquals: (value, wanted) => value !== wanted,
};

describe('the CloudFormation template', () => {
  it.each(['Bucket', 'BucketPolicy', 'Table', 'Key', 'IdentityProvider'])(
    'retains the %s when the stack is deleted or changed',
    (name) => {
      expect(resources[name]).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    },
  );

  it('creates a versioned bucket without public access, with a bucket key', () => {
    const { VersioningConfiguration, PublicAccessBlockConfiguration, BucketEncryption } = resources.Bucket!.Properties;
    expect(VersioningConfiguration).toEqual({ Status: 'Enabled' });
    expect(Object.values(PublicAccessBlockConfiguration)).toEqual([true, true, true, true]);
    expect(BucketEncryption.ServerSideEncryptionConfiguration).toEqual([
      {
        BucketKeyEnabled: true,
        ServerSideEncryptionByDefault: {
          SSEAlgorithm: 'aws:kms',
          KMSMasterKeyID: 'arn:aws:kms:REGION:ACCOUNT:key/KEY',
        },
      },
    ]);
  });

  const key = 'arn:aws:kms:REGION:ACCOUNT:key/KEY';
  const [sse, sseKey, sseOfClient] = [
    's3:x-amz-server-side-encryption',
    's3:x-amz-server-side-encryption-aws-kms-key-id',
    's3:x-amz-server-side-encryption-customer-algorithm',
  ];
  const tls = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' };
  it.each<[denied: boolean, what: string, action: string, context: Record<string, string>]>([
    [false, 'a request over TLS 1.3', 's3:GetObject', tls],
    [false, 'a request over TLS 1.2', 's3:GetObject', { ...tls, 's3:TlsVersion': '1.2' }],
    [true, 'a request over TLS 1.1', 's3:GetObject', { ...tls, 's3:TlsVersion': '1.1' }],
    [true, 'a request without TLS', 's3:ListBucket', { 'aws:SecureTransport': 'false' }],
    [false, 'an object that names no key', 's3:PutObject', tls],
    [false, 'an object with the key of the bucket', 's3:PutObject', { ...tls, [sse]: 'aws:kms', [sseKey]: key }],
    [true, 'an object with another key', 's3:PutObject', { ...tls, [sse]: 'aws:kms', [sseKey]: `${key}2` }],
    [true, 'an object with the key of the account', 's3:PutObject', { ...tls, [sse]: 'aws:kms' }],
    [true, 'an object with a key of S3', 's3:PutObject', { ...tls, [sse]: 'AES256' }],
    [true, 'an object with a key of its writer', 's3:PutObject', { ...tls, [sseOfClient]: 'AES256' }],
  ])('denies (%s) %s', (denied, _, action, context) => {
    const statements = resources.BucketPolicy!.Properties.PolicyDocument.Statement as Denial[];
    expect(statements.map(({ Effect, Principal }) => [Effect, Principal])).toEqual(statements.map(() => ['Deny', '*']));
    const denials = statements.filter(
      ({ Action, Condition }) => (Action === 's3:*' || Action === action) && holds(Condition, context),
    );
    expect(denials.length > 0).toBe(denied);
  });

  it('limits the role to the items of one archive if its id is set', () => {
    const { Statement } = resources.Policy!.Properties.PolicyDocument;
    const { Condition } = Statement.find(({ Sid }: { Sid: string }) => Sid === 'Staging');
    expect(Condition).toEqual([
      'NamesArchive',
      { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['ArchiveId'] } },
      'AWS::NoValue',
    ]);
  });

  it('records data events only if requested, in a bucket that is retained', () => {
    for (const name of ['Trail', 'TrailBucket', 'TrailBucketPolicy'])
      expect(resources[name]).toMatchObject({ Condition: 'Records' });
    expect(resources.TrailBucket).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    const selectors = resources.Trail!.Properties.AdvancedEventSelectors as { FieldSelectors: object[] }[];
    expect(selectors.map(({ FieldSelectors }) => FieldSelectors)).toEqual([
      expect.arrayContaining([{ Field: 'resources.ARN', StartsWith: ['arn:aws:s3:::BUCKET/PREFIX/'] }]),
      expect.arrayContaining([{ Field: 'resources.ARN', Equals: ['arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE'] }]),
    ]);
  });

  it('creates a table with point-in-time recovery and deletion protection', () => {
    expect(resources.Table!.Properties).toMatchObject({
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
    });
  });

  it('lets the role read a domain of OpenSearch only if it is named, as the guide says', () => {
    const { Condition, Properties } = resources.OpenSearchPolicy as Resource & { readonly Condition: string };
    expect(Condition).toBe('ReadsOpenSearch');
    const [{ Sid: _, ...statement }] = Properties.PolicyDocument.Statement;
    expect(statement.Resource).toContain('{OpenSearchDomainArn}/*');
    const guide = readFileSync(join(root, 'docs', 'deployment', 'opensearch.md'), 'utf8');
    const [, json] = /```json\n([\s\S]*?)```/.exec(guide)!;
    const resource = 'arn:aws:es:REGION:ACCOUNT:domain/DOMAIN/*';
    expect({ ...statement, Resource: resource }).toEqual(JSON.parse(json!));
  });

  it('grants the role exactly docs/iam-policy.json', () => {
    const policy = readFileSync(join(root, 'docs', 'iam-policy.json'), 'utf8');
    const statements = ['Policy', 'LockPolicy'].flatMap(
      (name) => resources[name]!.Properties.PolicyDocument.Statement as Record<string, unknown>[],
    );
    // Conditions that only the template has are not part of the policy.
    const plain = statements.map(({ Condition, ...rest }) =>
      Condition === undefined || Array.isArray(Condition) ? rest : { ...rest, Condition },
    );
    expect(new Set(plain)).toEqual(new Set(JSON.parse(policy).Statement));
  });
});
