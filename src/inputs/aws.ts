import type { OpenSearchSettings } from '../io/opensearch/settings.ts';
import type { Form, Given } from './given.ts';
import type { ArchivePlace, StagingPlace } from './locations.ts';
import { wholeNumber, word } from './parsers.ts';

const lockDaysMax = 36_500;

/** How the AWS services are to be used. */
export interface AwsSettings {
  /** Undefined: the SDK's own chain of credentials. */
  readonly roleToAssume: string | undefined;
  /** Undefined: what the SDK finds. */
  readonly region: string | undefined;
  readonly sseKmsKeyId: string | undefined;
  readonly objectLock: { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly days: number } | undefined;
}

/**
 * Reads the inputs of the AWS services.
 * @throws UserError where one is not accepted, or concerns a service that is not used
 */
export function readAws(
  given: Given,
  archive: ArchivePlace,
  staging: StagingPlace,
  opensearch: OpenSearchSettings | undefined,
): AwsSettings {
  const usesS3 = archive.kind === 's3';
  const settings = {
    roleToAssume: given.read('role-to-assume', role),
    region: given.read('aws-region', region),
    sseKmsKeyId: given.read('sse-kms-key-id', key),
    objectLock: readLock(given),
  };
  if (!usesS3)
    for (const name of ['sse-kms-key-id', 'object-lock-mode'] as const)
      refuseGiven(given, name, 'it concerns an archive on S3, leave it out');
  if (!usesS3 && staging.kind !== 'dynamodb' && opensearch?.auth.kind !== 'aws') {
    for (const name of ['role-to-assume', 'aws-region'] as const)
      refuseGiven(given, name, 'neither archive, staging nor source is on AWS, leave it out');
  }
  return settings;
}

function readLock(given: Given): AwsSettings['objectLock'] {
  const mode = given.read('object-lock-mode', word('GOVERNANCE', 'COMPLIANCE'));
  const days = given.read('object-lock-days', wholeNumber(1, lockDaysMax));
  if (mode === undefined && days === undefined) return undefined;
  if (mode === undefined)
    throw given.refuse('object-lock-days', 'it needs `object-lock-mode`, write `GOVERNANCE` or `COMPLIANCE` there');
  if (days === undefined) throw given.refuse('object-lock-mode', 'it needs `object-lock-days`, write the days there');
  return { mode, days };
}

function refuseGiven(
  given: Given,
  name: 'sse-kms-key-id' | 'object-lock-mode' | 'role-to-assume' | 'aws-region',
  why: string,
): void {
  if (given.text(name) !== '') throw given.refuse(name, why);
}

const role: Form<string> = {
  accepted: 'write the ARN of a role, such as `arn:aws:iam::123456789012:role/message-archive`',
  read: (text) => (/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(text) ? text : undefined),
};

const region: Form<string> = {
  accepted: 'write the name of a region, such as `eu-central-1`',
  read: (text) => (/^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/.test(text) ? text : undefined),
};

const key: Form<string> = {
  accepted: 'write the id, ARN or alias of a KMS key',
  read: (text) => (/^[\w:/-]{1,2048}$/.test(text) ? text : undefined),
};
