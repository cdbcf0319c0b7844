/** Holds the {@link Endpoints} as JSON. */
export const endpointsVariable = 'MESSAGE_ARCHIVE_SERVICES';

export interface S3Endpoint {
  /** Its buckets are paths of it; its region is `us-east-1`. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Where what stands in for AWS listens, each as `http://127.0.0.1:port`. */
export interface CloudEndpoints {
  readonly s3: S3Endpoint;
  /** DynamoDB and STS; any credentials will do. */
  readonly moto: string;
}

/** The search engines, both majors in use of each. */
export const searchServers = ['elasticsearch8', 'elasticsearch9', 'openSearch2', 'openSearch3'] as const;

export type SearchServer = (typeof searchServers)[number];

/** Where the real services listen. */
export interface Endpoints extends CloudEndpoints, Readonly<Record<SearchServer, string>> {}

/**
 * The services that were started for these tests.
 * @throws Error where none were: a test of services never passes without them
 */
export function endpoints(): Endpoints {
  const text = process.env[endpointsVariable];
  if (text) return JSON.parse(text);
  throw new Error(`${endpointsVariable} is not set: start these tests with the npm script of their suite.`);
}
