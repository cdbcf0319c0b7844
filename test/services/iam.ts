import type { Call } from './recorder.ts';

/** What a request needs to be allowed. */
export interface Access {
  readonly action: string;
  readonly resource: string;
  /** The condition key `s3:prefix`. */
  readonly prefix?: string;
}

interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: string | readonly string[];
  readonly Resource: string;
  readonly Condition?: { readonly StringLike: { readonly 's3:prefix': string } };
}

export interface Policy {
  readonly Statement: readonly Statement[];
}

/** Who may assume a role, as its trust policy says. */
export interface Trust {
  readonly Statement: readonly [
    {
      readonly Principal: { readonly Federated: string };
      readonly Condition: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
    },
  ];
}

/** Of a table; moto takes any. */
const place = 'us-east-1:123456789012';

/** Reads a policy in which capitals stand for the reader's own names. */
export function policyOf(text: string, names: { bucket: string; prefix: string; table: string }): Policy {
  const filled = text
    .replaceAll('BUCKET', names.bucket)
    .replaceAll('PREFIX', names.prefix)
    .replaceAll('REGION:ACCOUNT', place)
    .replaceAll('TABLE', names.table);
  return JSON.parse(filled);
}

/**
 * The accesses that a request to S3 is, by path: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html.
 * Of an object that is absent S3 says so only to those who may list it, with its key as the prefix; to others it answers 403.
 * @throws Error for a request of which no permission is known here
 */
export function s3Accesses({ method, path, status }: Call): Access[] {
  const { pathname, searchParams } = new URL(path, 'http://s3');
  const [, bucket = '', key = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(pathname)) ?? [];
  const list = (prefix: string) => ({ action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}`, prefix });
  const object = (action: string) => ({ action, resource: `arn:aws:s3:::${bucket}/${key}` });
  const isPlain = [...searchParams.keys()].every((name) => name === 'x-id');
  if (method === 'GET' && key === '' && searchParams.get('list-type') === '2') {
    return [list(searchParams.get('prefix') ?? '')];
  }
  if (key !== '' && isPlain && method === 'PUT') return [object('s3:PutObject')];
  if (key !== '' && isPlain && (method === 'GET' || method === 'HEAD')) {
    return [object('s3:GetObject'), ...(status === 404 ? [list(key)] : [])];
  }
  throw new Error(`It is not known what permission ${method} ${path} needs.`);
}

/** The access that a request to DynamoDB is. */
export function dynamoAccess({ target, body }: Call): Access {
  const action = `dynamodb:${target?.split('.')[1]}`;
  return { action, resource: `arn:aws:dynamodb:${place}:table/${JSON.parse(body.toString()).TableName}` };
}

export function isAllowed({ action, resource, prefix = '' }: Access, { Statement: statements }: Policy): boolean {
  return statements.some(
    (statement) =>
      actionsOf(statement).includes(action) &&
      isLike(resource, statement.Resource) &&
      (statement.Condition === undefined || isLike(prefix, statement.Condition.StringLike['s3:prefix'])),
  );
}

/** Whether a token of an issuer, with these claims, is enough to assume a role. */
export function mayAssume(
  { Statement: [{ Condition }] }: Trust,
  issuer: string,
  claims: Record<string, string>,
): boolean {
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, accepted]) => {
      const claim = key.startsWith(`${issuer}:`) ? claims[key.slice(issuer.length + 1)] : undefined;
      return claim !== undefined && [accepted].flat().some((pattern) => operators[operator]!(claim, pattern));
    }),
  );
}

const operators: Readonly<Record<string, (text: string, pattern: string) => boolean>> = {
  StringEquals: (text, pattern) => text === pattern,
  StringLike: isLike,
};

/** What the statements allow that every archive needs: others say in their name with which input they are needed. */
export function actionsOfAll({ Statement: statements }: Policy): string[] {
  return statements.filter(({ Sid }) => !Sid.startsWith('OnlyWith')).flatMap(actionsOf);
}

function actionsOf({ Action }: Statement): string[] {
  return [Action].flat();
}

/** Patterns here have their wildcard at the end. */
function isLike(text: string, pattern: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}
