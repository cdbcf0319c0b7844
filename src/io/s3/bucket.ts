import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { UserError } from '../../errors.ts';
import { type AwsAccess, attemptsMax } from '../aws/client.ts';
import { backoffMs, type Clock } from '../clock.ts';
import { type ListedObject, Overtaken } from '../ports.ts';
import { exactly } from './body.ts';
import { s3Client } from './client.ts';
import { type S3Request, s3Failure, s3RetryAfterMs, s3Verdict } from './faults.ts';

/** Of a request that carries no bytes. */
const requestMsMax = 60_000;
/** Without a byte in either direction; S3 may think for a while after a large body. */
const stallMsMax = 60_000;
/** A body that moves more slowly than this is given up. */
const bytesPerMsMin = 128;
const backoffMsBase = 200;
const backoffMsMax = 20_000;

/** Smaller than the constants above in tests only. */
export interface S3Limits {
  readonly requestMsMax?: number;
  readonly stallMsMax?: number;
}

/** A bucket, and the folder of it that holds the archive; an empty prefix is the whole bucket. */
export interface S3Place {
  readonly bucket: string;
  readonly prefix: string;
}

/** An object as it is now. The version is its ETag, without the quotes. */
export interface S3Head {
  readonly version: string;
  readonly bytes: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes to be sent, any number of times. */
export interface Upload {
  readonly bytes: number;
  /** Base64. */
  readonly sha256: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The bytes, for one attempt. */
  body(): Uint8Array | Readable;
}

/** What must be there for a write to be made: this version, or nothing. */
export interface Condition {
  readonly expected: string | undefined;
}

/** What every write asks of the bucket: how its object is encrypted and how long it is kept. */
export type Protection = Pick<
  PutObjectCommandInput,
  'ServerSideEncryption' | 'SSEKMSKeyId' | 'ObjectLockMode' | 'ObjectLockRetainUntilDate'
>;

/**
 * The requests that an archive makes of its bucket, with paths relative to the prefix. Each is under a time-out, its body
 * included, and the reading ones are tried again a bounded number of times with full-jitter backoff.
 */
export class S3Bucket {
  readonly url: string;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #client: S3Client;
  readonly #clock: Clock;
  readonly #requestMsMax: number;

  constructor(place: S3Place, access: AwsAccess, clock: Clock, limits: S3Limits) {
    const folder = place.prefix.replace(/^\/+|\/+$/g, '');
    this.url = folder === '' ? `s3://${place.bucket}` : `s3://${place.bucket}/${folder}`;
    this.#bucket = place.bucket;
    this.#prefix = folder === '' ? '' : `${folder}/`;
    this.#clock = clock;
    this.#requestMsMax = limits.requestMsMax ?? requestMsMax;
    this.#client = s3Client(access, clock, limits.stallMsMax ?? stallMsMax);
  }

  /**
   * The object as it is now; undefined where there is none.
   * @throws whatever the last request ended in, for {@link failure}
   */
  async head(path: string): Promise<S3Head | undefined> {
    try {
      return await this.retried(() => this.#head(path));
    } catch (error) {
      if (s3Verdict(error) === 'absent') return undefined;
      throw error;
    }
  }

  /**
   * The bytes `[start, end)` of one version; at least one.
   * @throws UserError when they cannot be read, or that version is no longer there
   */
  async read(path: string, version: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return await this.retried(() => this.#read(path, version, start, end));
    } catch (error) {
      const verdict = s3Verdict(error);
      if (verdict === 'condition')
        throw new Overtaken(`${this.#named(path)} was replaced while it was read: run again.`);
      if (verdict === 'absent') throw new UserError(`${this.#named(path)} was deleted while it was read: restore it.`);
      throw this.failure(error, 's3:GetObject', path);
    }
  }

  /** Every object under the prefix whose path is wanted. */
  async list(isWanted: (path: string) => boolean): Promise<ListedObject[]> {
    const objects: ListedObject[] = [];
    let token: string | undefined;
    do {
      const page = await this.retried(() => this.#page(token)).catch((error: unknown) => {
        throw this.failure(error, 's3:ListBucket');
      });
      for (const { Key = '', ETag = '', Size = 0 } of page.Contents ?? []) {
        const path = Key.slice(this.#prefix.length);
        if (isWanted(path)) objects.push({ path, version: versionOf(ETag), bytes: Size });
      }
      if (page.NextContinuationToken !== undefined && page.NextContinuationToken === token) {
        throw new UserError(`The listing of ${this.url} does not end: its store gives the same page again and again.`);
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return objects;
  }

  /**
   * One PutObject, sent once. The version of what was written, where the answer tells it.
   * @throws whatever the request ended in, for {@link s3Verdict}
   */
  async put(path: string, upload: Upload, protection: Protection, condition?: Condition): Promise<string | undefined> {
    const body = upload.body();
    const broken = new AbortController();
    if (body instanceof Readable) body.on('error', (error) => broken.abort(error));
    try {
      const { ETag } = await this.#timed(
        upload.bytes,
        (abortSignal) =>
          this.#client.send(
            new PutObjectCommand({
              ...this.#object(path),
              ...protection,
              ...(condition && conditionHeader(condition)),
              Body: body,
              ContentLength: upload.bytes,
              ContentType: upload.contentType,
              ChecksumSHA256: upload.sha256,
              Metadata: upload.metadata,
            }),
            { abortSignal },
          ),
        broken.signal,
      );
      return ETag === undefined ? undefined : versionOf(ETag);
    } finally {
      if (body instanceof Readable) body.destroy();
    }
  }

  /** Makes the attempt until it succeeds, or fails with something else than what may pass: that is thrown. */
  async retried<Result>(attempt: () => Promise<Result>): Promise<Result> {
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (attempts >= attemptsMax || s3Verdict(error) !== 'transient') throw error;
        await this.pause(attempts, error);
      }
    }
  }

  /** Waits after so many attempts, the last of which failed. */
  pause(attempts: number, error: unknown): Promise<void> {
    const ownMs = backoffMs(this.#clock, attempts, backoffMsBase, backoffMsMax);
    return this.#clock.sleep(Math.max(ownMs, s3RetryAfterMs(error)));
  }

  /** What is to be thrown for a request that failed. */
  failure(error: unknown, action: S3Request['action'], path?: string): unknown {
    return s3Failure(error, {
      bucket: this.#bucket,
      action,
      ...(path !== undefined && { key: `${this.#prefix}${path}` }),
    });
  }

  close(): void {
    this.#client.destroy();
  }

  async #head(path: string): Promise<S3Head> {
    const asked = this.#object(path);
    const found = await this.#timed(0, (abortSignal) =>
      this.#client.send(new HeadObjectCommand(asked), { abortSignal }),
    ).catch(async (error: unknown) => {
      throw s3Verdict(error) === 'transient' ? error : await this.#why(path, error);
    });
    return { version: versionOf(found.ETag ?? ''), bytes: found.ContentLength ?? 0, metadata: found.Metadata ?? {} };
  }

  /** An answer to HEAD has no body, and so does not say whether it is the object or the bucket that is absent, nor what is denied. */
  async #why(path: string, unexplained: unknown): Promise<unknown> {
    try {
      await this.#read(path, undefined, 0, 1);
    } catch (error) {
      return (error as { name?: string }).name === 'InvalidRange' ? unexplained : error;
    }
    return unexplained;
  }

  #read(path: string, version: string | undefined, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const asked = {
      ...this.#object(path),
      Range: `bytes=${start}-${end - 1}`,
      ...(version !== undefined && { IfMatch: etagOf(version) }),
    };
    return this.#timed(end - start, async (abortSignal) => {
      const { Body } = await this.#client.send(new GetObjectCommand(asked), { abortSignal });
      return exactly(end - start, Body as Readable);
    });
  }

  #page(token: string | undefined) {
    const asked = {
      Bucket: this.#bucket,
      Prefix: this.#prefix,
      ...(token !== undefined && { ContinuationToken: token }),
    };
    return this.#timed(0, (abortSignal) => this.#client.send(new ListObjectsV2Command(asked), { abortSignal }));
  }

  #object(path: string) {
    return { Bucket: this.#bucket, Key: `${this.#prefix}${path}` };
  }

  #named(path: string): string {
    return `The object ${path} of ${this.url}`;
  }

  async #timed<Result>(
    bytes: number,
    request: (signal: AbortSignal) => Promise<Result>,
    broken?: AbortSignal,
  ): Promise<Result> {
    const timeOut = AbortSignal.timeout(this.#requestMsMax + Math.ceil(bytes / bytesPerMsMin));
    try {
      return await request(broken === undefined ? timeOut : AbortSignal.any([timeOut, broken]));
    } catch (error) {
      if (broken?.aborted) throw broken.reason;
      if (timeOut.aborted) throw Object.assign(new Error('No answer came in time.'), { name: 'TimeoutError' });
      throw error;
    }
  }
}

function conditionHeader({ expected }: Condition): { IfMatch: string } | { IfNoneMatch: '*' } {
  return expected === undefined ? { IfNoneMatch: '*' } : { IfMatch: etagOf(expected) };
}

function versionOf(etag: string): string {
  return etag.replace(/^"|"$/g, '');
}

function etagOf(version: string): string {
  return `"${version}"`;
}
