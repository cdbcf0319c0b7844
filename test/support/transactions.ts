import type { IncomingHttpHeaders } from 'node:http';
import type { AttributeValue, Put, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { request } from 'undici';

type Attributes = Record<string, AttributeValue>;

import { notReadLater } from '../../src/io/dynamodb/items.ts';

interface TransactionBody {
  readonly TransactItems: readonly TransactWriteItem[];
  readonly ClientRequestToken?: string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const actionsMax = 100;
const bytesMax = 4 * 1024 * 1024;
/** BatchWriteItem's limit. */
const batchMax = 25;
const condition = notReadLater;

/**
 * TransactWriteItems of puts and deletes in one table with the keys `pk` and `sk`, on a DynamoDB that lacks it. Transactions
 * take effect one after the other, all of their actions or none.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
export class TransactionsOn {
  readonly #upstream: string;
  readonly #bodies = new Map<string, string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(upstream: string) {
    this.#upstream = upstream;
  }

  answer(headers: IncomingHttpHeaders, sent: string): Promise<Answer> {
    const answer = this.#last.then(() => this.#answer(headers, sent));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #answer(headers: IncomingHttpHeaders, sent: string): Promise<Answer> {
    const { TransactItems, ClientRequestToken = '' } = JSON.parse(sent) as TransactionBody;
    const before = this.#bodies.get(ClientRequestToken);
    if (before === sent) return { status: 200, body: '{}' };
    if (before !== undefined) return failed('IdempotentParameterMismatchException');
    const actions = TransactItems.map(({ Put, Delete }) => (Put ?? Delete)!);
    const keys = TransactItems.map(({ Put, Delete }) => keyOf((Put?.Item ?? Delete?.Key)!));
    const refusal = refusalOf(sent, keys);
    if (refusal !== undefined) return failed('ValidationException', { message: refusal });

    const table = actions[0]!.TableName!;
    const read = await this.#pass(headers, 'BatchGetItem', { RequestItems: { [table]: { Keys: keys } } });
    if (read.status !== 200) return read;
    const found: Attributes[] = JSON.parse(read.body).Responses[table];
    const stored = new Map(found.map((item) => [JSON.stringify(keyOf(item)), item]));
    const reasons = actions.map((action, n) =>
      holds(action, stored.get(JSON.stringify(keys[n]))) ? { Code: 'None' } : { Code: 'ConditionalCheckFailed' },
    );
    if (reasons.some(({ Code }) => Code !== 'None'))
      return failed('TransactionCanceledException', { CancellationReasons: reasons });

    const writes = TransactItems.map(({ Put }, n) =>
      Put === undefined ? { DeleteRequest: { Key: keys[n] } } : { PutRequest: { Item: Put.Item } },
    );
    for (let at = 0; at < writes.length; at += batchMax) {
      const RequestItems = { [table]: writes.slice(at, at + batchMax) };
      const written = await this.#pass(headers, 'BatchWriteItem', { RequestItems });
      if (written.status !== 200) return written;
    }
    if (ClientRequestToken !== '') this.#bodies.set(ClientRequestToken, sent);
    return { status: 200, body: '{}' };
  }

  async #pass(incoming: IncomingHttpHeaders, action: string, body: unknown): Promise<Answer> {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${action}`,
      'x-amz-date': String(incoming['x-amz-date']),
      authorization: String(incoming.authorization),
    };
    const passed = await request(this.#upstream, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: passed.statusCode, body: await passed.body.text() };
  }
}

function keyOf({ pk, sk }: Attributes) {
  return { pk: pk!, sk: sk! };
}

function refusalOf(sent: string, keys: readonly unknown[]): string | undefined {
  if (keys.length === 0 || keys.length > actionsMax) return `A transaction has 1 to ${actionsMax} actions.`;
  if (new Set(keys.map((key) => JSON.stringify(key))).size < keys.length) return 'Two actions are on one item.';
  return sent.length > bytesMax ? 'The items exceed 4 MB.' : undefined;
}

function holds(
  { ConditionExpression, ExpressionAttributeValues }: Pick<Put, 'ConditionExpression' | 'ExpressionAttributeValues'>,
  stored: Attributes | undefined,
): boolean {
  if (ConditionExpression !== condition) throw new Error(`The condition ${ConditionExpression} is not known here.`);
  if (stored === undefined) return true;
  const value = (name: string) => Object.values(ExpressionAttributeValues![name]!)[0] as string;
  const readAt = stored.read_at?.S;
  if (readAt === undefined || readAt.length !== Number(value(':chars'))) return true;
  return readAt <= value(':read_at') || readAt < value(':from') || readAt > value(':to');
}

function failed(name: string, more: object = {}): Answer {
  return { status: 400, body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, ...more }) };
}
