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
import type { AwsAccess } from '../aws/client.ts';
import type { Clock } from '../clock.ts';
import { type ListedObject, Overtaken } from '../ports.ts';
import { retry, retryPolicies } from '../retry.ts';
import { exactly } from './body.ts';
import { s3Client } from './client.ts';
import { type S3Request, s3Failure, s3Transient, s3Verdict } from './faults.ts';

/** The timeout of a request without a body. */
const requestMsMax = 60_000;
/** The longest time without a byte in either direction; S3 processes a large body for a while. */
const stallMsMax = 60_000;
/** A slower body times out. */
const bytesPerMsMin = 128;

/** Overrides of the constants above, for tests. */
export interface S3Limits {
  readonly requestMsMax?: number;
  readonly stallMsMax?: number;
}

/** A bucket and the prefix of the archive's objects in it; an empty prefix means the whole bucket. */
export interface S3Place {
  readonly bucket: string;
  readonly prefix: string;
}

/** The current head of an object. The version is its ETag without quotes. */
export interface S3Head {
  readonly version: string;
  readonly bytes: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A body that can be sent any number of times. */
export interface Upload {
  readonly bytes: number;
  /** Base64. */
  readonly sha256: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The body for one attempt. */
  body(): Uint8Array | Readable;
}

/** The condition of a write. */
export interface Condition {
  /** The version to replace; undefined: there must be no object. */
  readonly expected: string | undefined;
}

/** The encryption and Object Lock headers of a write. */
export type Protection = Pick<
  PutObjectCommandInput,
  'ServerSideEncryption' | 'SSEKMSKeyId' | 'ObjectLockMode' | 'ObjectLockRetainUntilDate'
>;

/**
 * The requests of an archive to its bucket, with paths relative to the prefix. Each has a timeout that includes its body.
 * Reads are retried under the policy `s3`; {@link S3Bucket.put} sends one request.
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
   * The object's current head; undefined if there is no such object.
   * @throws the error of the last request, for {@link failure}
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
   * The bytes `[start, end)` of one version, where `end > start`.
   * @throws Overtaken if the object was replaced; UserError if it was deleted or cannot be read
   */
  async read(path: string, version: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return await this.retried(() => this.#read(path, version, start, end));
    } catch (error) {
      const verdict = s3Verdict(error);
      if (verdict === 'condition') throw new Overtaken(`${this.#named(path)} was replaced while it was read. Re-run.`);
      if (verdict === 'absent')
        throw new UserError('object-missing', `${this.#named(path)} was deleted while it was read. Restore it.`);
      throw this.failure(error, 's3:GetObject', path);
    }
  }

  /** Lists the objects under the prefix whose path is wanted. */
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
        throw new UserError(
          'archive-unavailable',
          `The listing of ${this.url} does not end: its store returned the same page twice. Report this to the store's vendor.`,
        );
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return objects;
  }

  /**
   * Sends one PutObject, once. Returns the new version; undefined if the response lacks it.
   * @throws the request's error, for {@link s3Verdict}
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

  /** Repeats an attempt while its failure is transient. */
  retried<Result>(attempt: () => Promise<Result>): Promise<Result> {
    return retry({ policy: retryPolicies.s3, clock: this.#clock, classify: s3Transient }, attempt);
  }

  /** The error to throw for a failed request. */
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
    const target = this.#object(path);
    const found = await this.#timed(0, (abortSignal) =>
      this.#client.send(new HeadObjectCommand(target), { abortSignal }),
    ).catch(async (error: unknown) => {
      throw s3Verdict(error) === 'transient' ? error : await this.#why(path, error);
    });
    return { version: versionOf(found.ETag ?? ''), bytes: found.ContentLength ?? 0, metadata: found.Metadata ?? {} };
  }

  /** A response to HEAD has no body that names what is missing or denied: a GET of the same object does. */
  async #why(path: string, unexplained: unknown): Promise<unknown> {
    try {
      await this.#read(path, undefined, 0, 1);
    } catch (error) {
      return (error as { name?: string }).name === 'InvalidRange' ? unexplained : error;
    }
    return unexplained;
  }

  #read(path: string, version: string | undefined, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const input = {
      ...this.#object(path),
      Range: `bytes=${start}-${end - 1}`,
      ...(version !== undefined && { IfMatch: etagOf(version) }),
    };
    return this.#timed(end - start, async (abortSignal) => {
      const { Body } = await this.#client.send(new GetObjectCommand(input), { abortSignal });
      return exactly(end - start, Body as Readable);
    });
  }

  #page(token: string | undefined) {
    const input = {
      Bucket: this.#bucket,
      Prefix: this.#prefix,
      ...(token !== undefined && { ContinuationToken: token }),
    };
    return this.#timed(0, (abortSignal) => this.#client.send(new ListObjectsV2Command(input), { abortSignal }));
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
    const timeout = AbortSignal.timeout(this.#requestMsMax + Math.ceil(bytes / bytesPerMsMin));
    try {
      return await request(broken === undefined ? timeout : AbortSignal.any([timeout, broken]));
    } catch (error) {
      if (broken?.aborted) throw broken.reason;
      if (timeout.aborted) throw Object.assign(new Error('timeout'), { name: 'TimeoutError' });
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
