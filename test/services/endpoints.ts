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

/** Where the real services listen. */
export interface Endpoints extends CloudEndpoints {
  readonly elasticsearch8: string;
  readonly elasticsearch9: string;
}

/**
 * The services that were started for these tests.
 * @throws Error where none were: a test of services never passes without them
 */
export function endpoints(): Endpoints {
  const text = process.env[endpointsVariable];
  if (text) return JSON.parse(text);
  throw new Error(`${endpointsVariable} is not set: start these tests with the npm script of their suite.`);
}

/** Both Elasticsearch majors, for `describe.each`. */
export function elasticsearches(): { name: string; url: string }[] {
  const { elasticsearch8, elasticsearch9 } = endpoints();
  return [
    { name: 'Elasticsearch 8', url: elasticsearch8 },
    { name: 'Elasticsearch 9', url: elasticsearch9 },
  ];
}
