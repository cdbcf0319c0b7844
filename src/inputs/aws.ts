import type { OpenSearchSettings } from '../io/opensearch/settings.ts';
import type { Given, Parser } from './given.ts';
import type { ArchivePlace, StagingPlace } from './locations.ts';
import { wholeNumber, word } from './parsers.ts';

const lockDaysMax = 36_500;

/** The settings of the AWS services. */
export interface AwsSettings {
  /** Undefined: credentials from the SDK's default chain. */
  readonly roleToAssume: string | undefined;
  /** Undefined: from the SDK's default chain. */
  readonly region: string | undefined;
  readonly sseKmsKeyId: string | undefined;
  readonly objectLock: { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly days: number } | undefined;
}

/**
 * Reads the inputs of the AWS services.
 * @throws UserError if one is not accepted, or belongs to a service that is not used
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
      refuseGiven(given, name, 'it applies to an archive on S3 only, so remove it');
  if (!usesS3 && staging.kind !== 'dynamodb' && opensearch?.auth.kind !== 'aws') {
    for (const name of ['role-to-assume', 'aws-region'] as const)
      refuseGiven(given, name, 'neither archive, staging nor source is on AWS, so remove it');
  }
  return settings;
}

function readLock(given: Given): AwsSettings['objectLock'] {
  const mode = given.read('object-lock-mode', word('GOVERNANCE', 'COMPLIANCE'));
  const days = given.read('object-lock-days', wholeNumber(1, lockDaysMax));
  if (mode === undefined && days === undefined) return undefined;
  if (mode === undefined)
    throw given.refuse('object-lock-days', 'it requires `object-lock-mode`: set that to `GOVERNANCE` or `COMPLIANCE`');
  if (days === undefined)
    throw given.refuse('object-lock-mode', 'it requires `object-lock-days`: set that to the number of days');
  return { mode, days };
}

function refuseGiven(
  given: Given,
  name: 'sse-kms-key-id' | 'object-lock-mode' | 'role-to-assume' | 'aws-region',
  why: string,
): void {
  if (given.text(name) !== '') throw given.refuse(name, why);
}

const role: Parser<string> = {
  accepted: 'use the ARN of a role, such as `arn:aws:iam::123456789012:role/message-archive`',
  read: (text) => (/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(text) ? text : undefined),
};

const region: Parser<string> = {
  accepted: 'use the name of a region, such as `eu-central-1`',
  read: (text) => (/^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/.test(text) ? text : undefined),
};

const key: Parser<string> = {
  accepted: 'use the id, ARN or alias of a KMS key',
  read: (text) => (/^[\w:/-]{1,2048}$/.test(text) ? text : undefined),
};
