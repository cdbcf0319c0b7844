import { STSClient } from '@aws-sdk/client-sts';
import { AwsSigv4Signer } from '@opensearch-project/opensearch/aws-v3';
import { UserError } from '../../errors.ts';
import { type AwsAccess, awsClientConfig, awsFault } from '../aws/client.ts';
import type { Clock } from '../clock.ts';
import type { OpenSearchService } from './settings.ts';

/** A request of the client, before or after it is signed. */
export interface SignableRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** Signs requests with AWS Signature Version 4. */
export class RequestSigner {
  readonly #url: URL;
  readonly #service: OpenSearchService;
  /** Finds credentials and the region as other clients of AWS do. */
  readonly #sdk: STSClient;
  #region: string | undefined;
  #credentials: Awaited<ReturnType<STSClient['config']['credentials']>> | undefined;

  constructor(url: URL, service: OpenSearchService, access: AwsAccess, clock: Clock) {
    this.#url = url;
    this.#service = service;
    this.#sdk = new STSClient(awsClientConfig(access, clock));
  }

  /**
   * Fetches credentials that are valid for the next request. Nothing is sent while those at hand are.
   * @throws UserError where there are none, or the region is unknown
   */
  async prepare(): Promise<void> {
    try {
      this.#region ??= regionOf(this.#url) ?? (await this.#sdk.config.region());
      this.#credentials = await this.#sdk.config.credentials();
    } catch (error) {
      if (error instanceof UserError) throw error;
      const fault = awsFault(error, 'aws-credentials');
      if (fault === undefined) throw error;
      throw new UserError(
        'aws-credentials',
        `Requests to OpenSearch at ${this.#url.origin} cannot be signed (${fault.reason}): ${fault.remedy}.`,
      );
    }
  }

  /** Signs a request with the credentials that {@link prepare} fetched. */
  sign(request: SignableRequest): SignableRequest {
    const { accessKeyId, secretAccessKey, sessionToken } = this.#credentials!;
    const region = this.#region!;
    const { buildSignedRequestObject } = AwsSigv4Signer({ region, service: this.#service });
    const { method, path, headers, body } = buildSignedRequestObject({
      ...request,
      // Encoded, the path is the same to servers that decode it before they verify the signature, and to those that do not.
      path: encoded(request.path),
      // Serverless collections reject a signature of this header.
      extraHeadersToIgnore: { 'content-length': true },
      auth: { credentials: { accessKeyId, secretAccessKey, sessionToken }, region, service: this.#service },
    }) as SignableRequest;
    return { method, path, headers, body };
  }

  close(): void {
    this.#sdk.destroy();
  }
}

/** A path and query in which everything that RFC 3986 does not leave unreserved is encoded. */
function encoded(path: string): string {
  return path.replaceAll(/[^\w.~%/?&=-]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The region in the host name of a domain or a collection; undefined for any other host, such as a custom endpoint. */
function regionOf({ hostname }: URL): string | undefined {
  const [, region] = /\.([a-z]{2,4}(?:-[a-z]+)+-\d{1,2})\.(?:es|aoss)\.amazonaws\.com(?:\.cn)?$/.exec(hostname) ?? [];
  return region;
}
