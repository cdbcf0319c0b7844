import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Resource {
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a resource is told depends on what it is.
  readonly Properties: Record<string, any>;
}

const root = join(import.meta.dirname, '..', '..');
/** The template with the names that stand for a reader's own in docs/iam-policy.json. */
const text = readFileSync(join(root, 'examples', 'infrastructure', 'message-archive.yaml'), 'utf8')
  .replaceAll(/\$\{Bucket\.Arn\}|Bucket\.Arn/g, 'arn:aws:s3:::BUCKET')
  .replaceAll(/\$\{Prefix\}/g, 'PREFIX')
  .replaceAll('Table.Arn', 'arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE')
  .replaceAll('Key.Arn', 'arn:aws:kms:REGION:ACCOUNT:key/KEY');
// Without CloudFormation's tags: of `!GetAtt Key.Arn` the text stays.
const { Resources: resources } = parse(text, { logLevel: 'error' }) as { Resources: Record<string, Resource> };

describe('the template of the infrastructure', () => {
  it.each(['Bucket', 'BucketPolicy', 'Table', 'Key', 'IdentityProvider'])(
    'keeps the %s when the stack goes or changes',
    (name) => {
      expect(resources[name]).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    },
  );

  it('makes a bucket that keeps versions, is closed to the public and to all that is not TLS, and saves on KMS', () => {
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
    expect(resources.BucketPolicy!.Properties.PolicyDocument.Statement).toEqual([
      expect.objectContaining({
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: ['arn:aws:s3:::BUCKET', 'arn:aws:s3:::BUCKET/*'],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    ]);
  });

  it('makes a table that can be brought back to any second of the last weeks, and is not deleted by mistake', () => {
    expect(resources.Table!.Properties).toMatchObject({
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
    });
  });

  it('allows the role what docs/iam-policy.json says, in the same words', () => {
    const policy = readFileSync(join(root, 'docs', 'iam-policy.json'), 'utf8');
    const statements = ['Policy', 'LockPolicy'].flatMap(
      (name) => resources[name]!.Properties.PolicyDocument.Statement as unknown[],
    );
    expect(new Set(statements)).toEqual(new Set(JSON.parse(policy).Statement));
  });
});
