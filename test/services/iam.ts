import type { Relayed } from './relay.ts';

/** The permission that a request needs. */
export interface Access {
  readonly action: string;
  readonly resource: string;
  /** The condition keys that it has a value for. */
  readonly context: Readonly<Record<string, string>>;
}

interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: string | readonly string[];
  readonly Resource: string;
  readonly Condition?: Condition;
}

type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

export interface Policy {
  readonly Statement: readonly Statement[];
}

/** Who may assume a role, as its trust policy says. */
export interface Trust {
  readonly Statement: readonly [
    {
      readonly Principal: { readonly Federated: string };
      readonly Condition: Condition;
    },
  ];
}

/** The region and account of buckets, tables and keys; moto accepts any. */
const [region, account] = ['us-east-1', '123456789012'];

/** Reads a policy in which capitals stand for the reader's own names. */
export function policyOf(text: string, names: { bucket: string; prefix: string; table: string }): Policy {
  const filled = text
    .replaceAll('BUCKET', names.bucket)
    .replaceAll('PREFIX', names.prefix)
    .replaceAll('REGION', region)
    .replaceAll('ACCOUNT', account)
    .replaceAll('TABLE', names.table);
  return JSON.parse(filled);
}

/**
 * The accesses that a request to S3 is, by path: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html.
 * S3 responds 404 for an absent object only to those who may list it, with its key as the prefix; to others, 403.
 * @throws Error for a request whose permission is not known here
 */
export function s3Accesses({ method, path, status }: Relayed): Access[] {
  const { pathname, searchParams } = new URL(path, 'http://s3');
  const [, bucket = '', key = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(pathname)) ?? [];
  const context = { 'aws:ResourceAccount': account };
  const list = (prefix: string) => ({
    action: 's3:ListBucket',
    resource: `arn:aws:s3:::${bucket}`,
    context: { ...context, 's3:prefix': prefix },
  });
  const object = (action: string) => ({ action, resource: `arn:aws:s3:::${bucket}/${key}`, context });
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

/**
 * The accesses that a request to DynamoDB is. A transaction is those of its actions:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
 */
export function dynamoAccesses({ headers, body }: Relayed): Access[] {
  // `DynamoDB_20120810.Query`
  const name = String(headers['x-amz-target']).split('.')[1]!;
  const sent = JSON.parse(body.toString());
  if (name !== 'TransactWriteItems') return [dynamoAccess(name, sent)];
  return sent.TransactItems.flatMap((item: Readonly<Record<string, ItemRequest>>) =>
    Object.entries(item).map(([action, request]) => dynamoAccess(`${action}Item`, request)),
  );
}

interface ItemRequest {
  readonly TableName: string;
  readonly Key?: ItemKey;
  readonly Item?: ItemKey;
  readonly ExpressionAttributeValues?: { readonly ':pk'?: { readonly S: string } };
}

interface ItemKey {
  readonly pk: { readonly S: string };
}

function dynamoAccess(name: string, { TableName, Key, Item, ExpressionAttributeValues }: ItemRequest): Access {
  const leading = (Key?.pk ?? Item?.pk ?? ExpressionAttributeValues?.[':pk'])?.S;
  return {
    action: `dynamodb:${name}`,
    resource: `arn:aws:dynamodb:${region}:${account}:table/${TableName}`,
    context: leading === undefined ? {} : { 'dynamodb:LeadingKeys': leading },
  };
}

export function isAllowed({ action, resource, context }: Access, { Statement: statements }: Policy): boolean {
  return statements.some(
    (statement) =>
      actionsOf(statement).includes(action) &&
      isLike(resource, statement.Resource) &&
      holds(statement.Condition ?? {}, context),
  );
}

/** True if every operator of a condition holds. */
function holds(condition: Condition, context: Readonly<Record<string, string>>): boolean {
  return Object.entries(condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, accepted]) => {
      const value = context[key];
      if (value === undefined) return operator.startsWith('ForAllValues:');
      return [accepted].flat().some((pattern) => operators[operator]!(value, pattern));
    }),
  );
}

/** True if a token of an issuer, with these claims, is enough to assume a role. */
export function mayAssume(
  { Statement: [{ Condition }] }: Trust,
  issuer: string,
  claims: Record<string, string>,
): boolean {
  return holds(
    Condition,
    Object.fromEntries(Object.entries(claims).map(([name, claim]) => [`${issuer}:${name}`, claim])),
  );
}

const operators: Readonly<Record<string, (text: string, pattern: string) => boolean>> = {
  StringEquals: (text, pattern) => text === pattern,
  StringLike: isLike,
  'ForAllValues:StringEquals': (text, pattern) => text === pattern,
};

/** The actions that every archive needs. The names of the other statements say which input needs them. */
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
