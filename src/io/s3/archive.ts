import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { isInPartition, settingsPath } from '../../archive/layout.ts';
import { messageOf, UserError } from '../../errors.ts';
import { DAY_MS } from '../../windows/interval.ts';
import { type AwsAccess, attemptsMax } from '../aws/client.ts';
import type { Clock } from '../clock.ts';
import type { Archive, Body, ListedObject, OpenObject, Outcome } from '../ports.ts';
import { type Protection, S3Bucket, type S3Limits, type S3Place, type Upload } from './bucket.ts';
import { s3Reason, s3Verdict } from './faults.ts';

const writeIdKey = 'write-id';
/** Of all keys and values together: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const metadataBytesMax = 2_048;
/** A Parquet footer, in most objects. */
const tailBytesMax = 64 * 1024;
const probeBytesMax = 1024 * 1024;
/** A version that no object has. */
const wrongVersion = '0'.repeat(32);

/** How long objects of messages cannot be deleted, by S3 Object Lock. */
export interface ObjectLock {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  readonly days: number;
}

export interface S3Settings extends S3Place, AwsAccess {
  /** Without it, the bucket's own encryption. */
  readonly sseKmsKeyId?: string | undefined;
  readonly objectLock?: ObjectLock | undefined;
  /** A folder for files that will be published. */
  readonly scratch: string;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly limits?: S3Limits | undefined;
}

/**
 * An archive in an S3 bucket. An object is published by one conditional PutObject, which nothing repeats but
 * {@link publish} itself: after a reply that does not settle it, the object's own `write-id` tells whether it was written.
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
        `The folder ${this.scratch} cannot be made (${messageOf(error)}): see that it can be written.`,
      );
    });
    const found = await this.open(settingsPath);
    if (found === undefined) return this.#assertRefuses(Buffer.from('{}'), wrongVersion);
    // A larger one is no archive's, as whoever reads it will say.
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
    let failed: unknown;
    for (let attempts = 1; attempts <= attemptsMax; attempts += 1) {
      if (attempts > 1) await this.#bucket.pause(attempts - 1, failed);
      try {
        const version = await this.#bucket.put(path, upload, protection, { expected });
        if (version !== undefined) return { outcome: 'committed', version };
        failed = new Error('its answer names no version');
      } catch (error) {
        const verdict = s3Verdict(error);
        if (verdict === 'refused') throw this.#bucket.failure(error, 's3:PutObject', path);
        if (verdict === 'absent' && expected !== undefined) return { outcome: 'missing' };
        failed = error;
      }
      const settled = await this.#look(path, writeId, expected);
      if (settled !== undefined) return settled;
    }
    return { outcome: 'unknown', reason: `${s3Reason(failed)}, ${attemptsMax} times in a row` };
  }

  /** What the object itself says about a write whose answer did not settle it; undefined: nothing has changed. */
  async #look(path: string, writeId: string, expected: string | undefined): Promise<Outcome | undefined> {
    try {
      const found = await this.#bucket.head(path);
      if (found === undefined) return expected === undefined ? undefined : { outcome: 'missing' };
      if (found.metadata[writeIdKey] === writeId) return { outcome: 'committed', version: found.version };
      return found.version === expected ? undefined : { outcome: 'conflict' };
    } catch (error) {
      return { outcome: 'unknown', reason: `${s3Reason(error)} when it was looked at` };
    }
  }

  /** A store that ignores conditions would write what is there already, or an object that is no archive's. */
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
        `The store of ${this.url} does not honour conditional writes, without which two runs overwrite each other: use one that does, as Amazon S3, and see whether a ${settingsPath} was left there.`,
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

/** Slots and what is in quarantine; the archive's file and the report are written again and again. */
function holdsMessages(path: string): boolean {
  return isInPartition(path) || path.startsWith('_quarantine/');
}

/** Why a finished file cannot be sent: fewer bytes than were told would leave the store waiting for the rest. */
async function fileFault(path: string, bytes: number): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    return size === bytes ? undefined : `the file to publish holds ${size} bytes, not ${bytes}`;
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

/** As much of the metadata as S3 takes: what is too long, or cannot be written in a header, is in the object's footer. */
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

/** The end of the object is fetched once: whoever reads a Parquet file asks for its last bytes, then for its footer. */
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
        throw new UserError(`The object ${path} of ${bucket.url} has no bytes ${start} to ${end}: it holds ${size}.`);
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
