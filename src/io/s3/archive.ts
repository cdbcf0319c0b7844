import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { isInPartition, settingsPath } from '../../archive/layout.ts';
import { messageOf, UserError } from '../../errors.ts';
import { DAY_MS } from '../../windows/interval.ts';
import type { AwsAccess } from '../aws/client.ts';
import type { Clock } from '../clock.ts';
import type { Archive, Body, ListedObject, OpenObject, Outcome } from '../ports.ts';
import { retry, retryPolicies } from '../retry.ts';
import { type Protection, S3Bucket, type S3Limits, type S3Place, type Upload } from './bucket.ts';
import { s3Reason, s3RetryAfterMs, s3Verdict } from './faults.ts';

const writeIdKey = 'write-id';
/** S3's limit for all keys and values together: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const metadataBytesMax = 2_048;
/** Contains the Parquet footer of most objects. */
const tailBytesMax = 64 * 1024;
const probeBytesMax = 1024 * 1024;
/** A version that no object can have. */
const wrongVersion = '0'.repeat(32);

/** S3 Object Lock for objects with messages: how long they cannot be deleted. */
export interface ObjectLock {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  readonly days: number;
}

export interface S3Settings extends S3Place, AwsAccess {
  /** Default: the bucket's own encryption. */
  readonly sseKmsKeyId?: string | undefined;
  readonly objectLock?: ObjectLock | undefined;
  /** A folder for files to publish. */
  readonly scratch: string;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly limits?: S3Limits | undefined;
}

/** A PutObject whose response does not show whether it succeeded, and that has not changed the object. */
class Unsettled extends Error {}

/**
 * An archive in an S3 bucket. An object is published by one conditional PutObject. Only {@link S3Archive.publish} repeats it:
 * after an inconclusive response, the object's `write-id` shows whether it was written.
 */
export class S3Archive implements Archive {
  readonly url: string;
  readonly scratch: string;
  readonly #bucket: S3Bucket;
  readonly #settings: S3Settings;

  constructor(settings: S3Settings) {
    this.#settings = settings;
    this.#bucket = new S3Bucket(settings, settings, settings.clock, settings.limits ?? {});
    this.url = this.#bucket.url;
    this.scratch = settings.scratch;
  }

  async prepare(): Promise<void> {
    await mkdir(this.scratch, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw new UserError(
        'file-unwritable',
        `The folder ${this.scratch} could not be created (${messageOf(error)}). Check its permissions, then re-run.`,
      );
    });
    const found = await this.open(settingsPath);
    if (found === undefined) return this.#assertRefuses(Buffer.from('{}'), wrongVersion);
    // A larger one belongs to no archive; its reader reports that.
    if (found.size > probeBytesMax) return;
    const same = await found.read(0, found.size);
    await this.#assertRefuses(same, wrongVersion);
    await this.#assertRefuses(same, undefined);
  }

  list(): Promise<ListedObject[]> {
    return this.#bucket.list(isInPartition);
  }

  async open(path: string): Promise<OpenObject | undefined> {
    const found = await this.#bucket.head(path).catch((error: unknown) => {
      throw this.#bucket.failure(error, 's3:GetObject', path);
    });
    return found && openObject(this.#bucket, path, found.version, found.bytes);
  }

  async publish(path: string, body: Body, expected: string | undefined): Promise<Outcome> {
    const writeId = this.#settings.newId();
    if ('text' in body) {
      const bytes = Buffer.from(body.text);
      return this.#publish(path, inMemory(bytes, 'application/json', metadataOf(writeId, [])), writeId, expected);
    }
    try {
      const fault = await fileFault(body.path, body.bytes);
      if (fault !== undefined) return { outcome: 'unknown', reason: fault };
      return await this.#publish(path, inFile(path, body, writeId), writeId, expected);
    } finally {
      await rm(body.path, { force: true }).catch(() => undefined);
    }
  }

  async put(path: string, bytes: Uint8Array, contentType: string): Promise<void> {
    const upload = inMemory(bytes, contentType, {});
    try {
      await this.#bucket.retried(() => this.#bucket.put(path, upload, this.#protection(path)));
    } catch (error) {
      throw this.#bucket.failure(error, 's3:PutObject', path);
    }
  }

  async close(): Promise<void> {
    this.#bucket.close();
  }

  async #publish(path: string, upload: Upload, writeId: string, expected: string | undefined): Promise<Outcome> {
    const protection = this.#protection(path);
    const { clock } = this.#settings;
    const policy = retryPolicies.s3;
    const classify = (error: Error) =>
      error instanceof Unsettled ? { serverWaitMs: s3RetryAfterMs(error.cause) } : undefined;
    try {
      return await retry({ policy, clock, classify }, async () => {
        let failure: unknown;
        try {
          const version = await this.#bucket.put(path, upload, protection, { expected });
          if (version !== undefined) return { outcome: 'committed', version };
          failure = new Error('the response names no version');
        } catch (error) {
          const verdict = s3Verdict(error);
          if (verdict === 'refused') throw this.#bucket.failure(error, 's3:PutObject', path);
          if (verdict === 'absent' && expected !== undefined) return { outcome: 'missing' };
          failure = error;
        }
        const settled = await this.#settled(path, writeId, expected);
        if (settled === undefined) throw new Unsettled('', { cause: failure });
        return settled;
      });
    } catch (error) {
      if (!(error instanceof Unsettled)) throw error;
      return { outcome: 'unknown', reason: `${s3Reason(error.cause)} after ${policy.attemptsMax} attempts` };
    }
  }

  /** The outcome of an inconclusive write, from the object's current head; undefined if the object has not changed. */
  async #settled(path: string, writeId: string, expected: string | undefined): Promise<Outcome | undefined> {
    try {
      const found = await this.#bucket.head(path);
      if (found === undefined) return expected === undefined ? undefined : { outcome: 'missing' };
      if (found.metadata[writeIdKey] === writeId) return { outcome: 'committed', version: found.version };
      return found.version === expected ? undefined : { outcome: 'conflict' };
    } catch (error) {
      return { outcome: 'unknown', reason: `its head could not be read: ${s3Reason(error)}` };
    }
  }

  /** A store that ignores conditions writes the same bytes again, or an object that makes no archive. */
  async #assertRefuses(bytes: Uint8Array, expected: string | undefined): Promise<void> {
    const upload = inMemory(bytes, 'application/json', {});
    const failed = await this.#bucket
      .retried(() => this.#bucket.put(settingsPath, upload, this.#protection(settingsPath), { expected }))
      .then(() => undefined)
      .catch((error: unknown) => ({ error }));
    const verdict = failed && s3Verdict(failed.error);
    if (verdict === 'condition' || verdict === 'absent') return;
    if (failed === undefined || (failed.error as Error).name === 'NotImplemented') {
      throw new UserError(
        'archive-unconditional',
        `The store of ${this.url} does not honor conditional writes, without which concurrent runs overwrite each other. Use a store that does, such as Amazon S3, and delete ${settingsPath} if this run created it.`,
      );
    }
    throw this.#bucket.failure(failed.error, 's3:PutObject', settingsPath);
  }

  #protection(path: string): Protection {
    const { sseKmsKeyId, objectLock, clock } = this.#settings;
    return {
      ...(sseKmsKeyId !== undefined && { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: sseKmsKeyId }),
      ...(objectLock !== undefined &&
        holdsMessages(path) && {
          ObjectLockMode: objectLock.mode,
          ObjectLockRetainUntilDate: new Date(clock.now() + objectLock.days * DAY_MS),
        }),
    };
  }
}

/** Objects of slots and of the quarantine; the archive's settings and the report are rewritten by every run. */
function holdsMessages(path: string): boolean {
  return isInPartition(path) || path.startsWith('_quarantine/');
}

/** Why a file cannot be sent. With fewer bytes than announced, the store would wait for the rest. */
async function fileFault(path: string, bytes: number): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    return size === bytes ? undefined : `the file to publish has ${size} bytes instead of ${bytes}`;
  } catch (error) {
    return messageOf(error);
  }
}

function inMemory(bytes: Uint8Array, contentType: string, metadata: Readonly<Record<string, string>>): Upload {
  const sha256 = createHash('sha256').update(bytes).digest('base64');
  return { bytes: bytes.length, sha256, contentType, metadata, body: () => bytes };
}

function inFile(path: string, body: Extract<Body, { path: string }>, writeId: string): Upload {
  return {
    bytes: body.bytes,
    sha256: body.sha256,
    contentType: contentTypeOf(path),
    metadata: metadataOf(writeId, body.metadata),
    body: () => createReadStream(body.path),
  };
}

function contentTypeOf(path: string): string {
  if (path.endsWith('.jsonl')) return 'application/x-ndjson';
  return path.endsWith('.gz') ? 'application/gzip' : 'application/vnd.apache.parquet';
}

/** The metadata that S3 accepts. Values that are too long or not valid in a header are in the object's footer only. */
function metadataOf(writeId: string, pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const metadata: Record<string, string> = { [writeIdKey]: writeId };
  let bytes = writeIdKey.length + writeId.length;
  for (const [key, value] of pairs) {
    const more = key.length + value.length;
    if (bytes + more > metadataBytesMax || !/^[!-~]([ -~]*[!-~])?$/.test(value)) continue;
    metadata[key] = value;
    bytes += more;
  }
  return metadata;
}

/** Fetches the end of the object once: a Parquet reader requests the last bytes, then the footer. */
function openObject(bucket: S3Bucket, path: string, version: string, size: number): OpenObject {
  const tailStart = Math.max(0, size - tailBytesMax);
  let tail: Promise<Uint8Array<ArrayBuffer>> | undefined;
  const readTail = () => {
    tail ??= bucket.read(path, version, tailStart, size).catch((error: unknown) => {
      tail = undefined;
      throw error;
    });
    return tail;
  };
  return {
    version,
    size,
    async read(start, end) {
      if (start < 0 || end > size || start > end) {
        throw new UserError(
          'object-damaged',
          `The object ${path} of ${bucket.url} has no bytes ${start} to ${end}: its size is ${size}. Restore an earlier version of it.`,
        );
      }
      if (start === end) return new Uint8Array(0);
      if (start < tailStart) return bucket.read(path, version, start, end);
      return (await readTail()).slice(start - tailStart, end - tailStart);
    },
    async close() {
      tail = undefined;
    },
  };
}
