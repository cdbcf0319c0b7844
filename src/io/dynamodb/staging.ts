import {
  ConditionalCheckFailedException,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  paginateQuery,
  ResourceNotFoundException,
  type TableDescription,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb';
import type { ArchiveState, LedgerRecord, SourceRecord, StagedMessage } from '../../archive/ledger.ts';
import { recordOf, sourceRecordOf, stagedMessageOf, stateOf } from '../../archive/ledger-schema.ts';
import { UserError, withRemedy } from '../../errors.ts';
import type { SourceName } from '../../messages/message.ts';
import type { Instant } from '../../windows/interval.ts';
import type { Slot } from '../../windows/slot.ts';
import { type AwsAccess, type AwsLimits, awsClientConfig, awsFault, responseClause } from '../aws/client.ts';
import type { Clock } from '../clock.ts';
import type { Staging } from '../ports.ts';
import { retryPolicies } from '../retry.ts';
import { type Attributes, attributesBytes, toAttributes } from './attributes.ts';
import {
  fitted,
  itemBytesMax,
  messageKey,
  messageKeyPrefix,
  noRecord,
  noRecordValues,
  noteKey,
  notReadLater,
  readAtValues,
  shortened,
  slotKey,
  sourceKey,
  storedItems,
} from './items.ts';
import { wholeResponses } from './responses.ts';
import { causesOf, type ItemWrite, type Transactions, writeItems } from './transactions.ts';

const { attemptsMax } = retryPolicies.dynamodb;
/** The permissions that the role needs: each request's own, except that a transaction needs those of its actions. */
type Action = 'DescribeTable' | 'Query' | 'GetItem' | 'PutItem' | 'DeleteItem';

export interface DynamoSettings extends AwsAccess {
  readonly table: string;
  /** The archive's id. */
  readonly archive: string;
  readonly clock: Clock;
  /** Returns a different id at each call. */
  readonly newId: () => string;
  readonly limits?: AwsLimits;
}

/**
 * Staging and ledger in one DynamoDB table with the keys `pk` and `sk`, for any number of machines and archives. `pk` is the
 * archive's id, so that one query reads everything about it.
 */
export class DynamoStaging implements Staging {
  readonly url: string;
  readonly #table: string;
  readonly #archive: string;
  readonly #newId: () => string;
  readonly #client: DynamoDBClient;
  readonly #transactions: Transactions;

  constructor(settings: DynamoSettings) {
    this.url = `dynamodb:${settings.table}`;
    this.#table = settings.table;
    this.#archive = settings.archive;
    this.#newId = settings.newId;
    this.#client = new DynamoDBClient(awsClientConfig(settings, settings.clock, settings.limits));
    this.#client.middlewareStack.use(wholeResponses);
    this.#transactions = { client: this.#client, clock: settings.clock, newId: settings.newId };
  }

  async prepare(): Promise<void> {
    const { Table } = await this.#request('DescribeTable', () =>
      this.#client.send(new DescribeTableCommand({ TableName: this.#table })),
    );
    const keys = keysOf(Table);
    if (keys !== 'pk (S), sk (S)') {
      throw new UserError(
        'staging-invalid',
        `${await this.#name()} has the keys ${keys} instead of pk (S), sk (S). Name a table that is used for staging only.`,
      );
    }
    if (Table?.TableStatus === 'CREATING' || Table?.TableStatus === 'DELETING') {
      throw new UserError(
        'staging-unavailable',
        `${await this.#name()} is ${Table.TableStatus}. Re-run when it is ACTIVE.`,
      );
    }
  }

  async state(): Promise<ArchiveState> {
    return stateOf(storedItems(await this.#query('')));
  }

  /** Reads the record first: a writer that stages messages in between also changes its revision. */
  async slot(slot: Slot): Promise<{ record: LedgerRecord | undefined; staged: StagedMessage[] }> {
    const item = await this.#get(slotKey(slot.id));
    const [record] = storedItems(item === undefined ? [] : [item]);
    const messages = storedItems(await this.#query(messageKeyPrefix(slot.id)));
    return {
      record: record && recordOf(record, slot.id),
      staged: messages.flatMap((message) => stagedMessageOf(message, slot.id) ?? []),
    };
  }

  record(record: LedgerRecord, revision: number): Promise<boolean> {
    return this.#record(slotKey(record.slot), shortened(record), revision);
  }

  async source(name: SourceName): Promise<SourceRecord | undefined> {
    const item = await this.#get(sourceKey(name));
    const [record] = storedItems(item === undefined ? [] : [item]);
    return record && sourceRecordOf(record, name);
  }

  recordSource(record: SourceRecord, revision: number): Promise<boolean> {
    return this.#record(sourceKey(record.source), shortened(record), revision);
  }

  async stage(messages: readonly StagedMessage[]): Promise<void> {
    const writes = new Map<string, ItemWrite>();
    const readAts = new Map<string, Instant>();
    for (const message of messages) {
      const sk = messageKey(message.slot, message.message_id);
      // A transaction rejects two actions on one item.
      if ((readAts.get(sk) ?? '') > message.read_at) continue;
      readAts.set(sk, message.read_at);
      writes.set(sk, await this.#putOf(sk, message));
    }
    await this.#request('PutItem', () => writeItems(this.#transactions, [...writes.values()]));
  }

  async #putOf(sk: string, message: StagedMessage): Promise<ItemWrite> {
    const Item = fitted(message, (kept) => ({ ...this.#key(sk), ...toAttributes(kept) }));
    const bytes = await this.#bytesOf(Item);
    const Put = {
      TableName: this.#table,
      Item,
      ConditionExpression: notReadLater,
      ExpressionAttributeValues: readAtValues(message.read_at),
    };
    return { action: { Put }, bytes };
  }

  async unstage(slot: Slot, ids: readonly string[], readAt: Instant): Promise<void> {
    const keys = new Set(ids.map((id) => messageKey(slot.id, id)));
    const writes = Array.from(keys, (sk): ItemWrite => {
      const Delete = {
        TableName: this.#table,
        Key: this.#key(sk),
        ConditionExpression: notReadLater,
        ExpressionAttributeValues: readAtValues(readAt),
      };
      return { action: { Delete }, bytes: attributesBytes(Delete.Key) };
    });
    await this.#request('DeleteItem', () => writeItems(this.#transactions, writes));
  }

  async note(name: string): Promise<string | undefined> {
    return (await this.#get(noteKey(name)))?.text?.S;
  }

  async keepNote(name: string, text: string): Promise<void> {
    await this.#put({ ...this.#key(noteKey(name)), ...toAttributes({ text }) });
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  #key(sk: string): Attributes {
    return toAttributes({ pk: this.#archive, sk });
  }

  /** The condition also fails for a repeated request whose first response was lost. The write id shows that it succeeded. */
  async #record(key: string, record: object, revision: number): Promise<boolean> {
    const write_id = this.#newId();
    const item = { ...this.#key(key), ...toAttributes({ ...record, write_id }) };
    const isWritten =
      revision === 0
        ? await this.#put(item, noRecord, noRecordValues)
        : await this.#put(item, 'revision = :revision', toAttributes({ ':revision': revision }));
    return isWritten || (await this.#get(key))?.write_id?.S === write_id;
  }

  async #get(sk: string): Promise<Attributes | undefined> {
    const { Item } = await this.#request('GetItem', () =>
      this.#client.send(new GetItemCommand({ TableName: this.#table, Key: this.#key(sk), ConsistentRead: true })),
    );
    return Item;
  }

  /** Returns false, and writes nothing, if the condition does not hold. */
  async #put(item: Attributes, condition?: string, values?: Attributes): Promise<boolean> {
    await this.#bytesOf(item);
    return this.#requestIf('PutItem', () =>
      this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: item,
          ConditionExpression: condition,
          ExpressionAttributeValues: values,
        }),
      ),
    );
  }

  /**
   * Returns the size of an item, in bytes.
   * @throws UserError if it is too large to be stored
   */
  async #bytesOf(item: Attributes): Promise<number> {
    const bytes = attributesBytes(item);
    if (bytes <= itemBytesMax) return bytes;
    throw new UserError(
      'staging-unavailable',
      `${await this.#name()} cannot store the item ${JSON.stringify(item.sk?.S?.slice(0, 100))}: it has ${bytes} bytes, more than the limit of ${itemBytesMax}. Check which of its attributes is so large.`,
    );
  }

  /** Returns the archive's items whose sort key has the prefix. Pages before the last one may be empty. */
  async #query(prefix: string): Promise<Attributes[]> {
    const isAll = prefix === '';
    return this.#request('Query', async () => {
      const items: Attributes[] = [];
      const pages = paginateQuery(
        { client: this.#client },
        {
          TableName: this.#table,
          KeyConditionExpression: isAll ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: toAttributes({ ':pk': this.#archive, ':prefix': isAll ? undefined : prefix }),
          ConsistentRead: true,
        },
      );
      for await (const { Items = [] } of pages) items.push(...Items);
      return items;
    });
  }

  /** Returns false if the request's condition does not hold. */
  async #requestIf(action: Action, send: () => Promise<unknown>): Promise<boolean> {
    return this.#request(action, async () => {
      try {
        await send();
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    });
  }

  async #request<Response>(action: Action, send: () => Promise<Response>): Promise<Response> {
    try {
      return await send();
    } catch (error) {
      throw await this.#failure(action, error);
    }
  }

  async #failure(action: Action, error: unknown): Promise<unknown> {
    if (error instanceof UserError) return error;
    if (error instanceof ResourceNotFoundException) {
      const region = await this.#region();
      const option = region === undefined ? '' : `--region ${region} `;
      return new UserError(
        'staging-invalid',
        `There is no DynamoDB table ${this.#table}${region === undefined ? '' : ` in ${region}`}. Set \`aws-region\` to its region, or create it with \`${createTable(option, this.#table)}\`.`,
      );
    }
    const name = await this.#name();
    if (error instanceof Error && error.name === 'AccessDeniedException') {
      const permission = /perform: ([a-z0-9-]+:[A-Za-z]+)/.exec(error.message)?.[1] ?? `dynamodb:${action}`;
      return new UserError(
        'aws-permission',
        `${name} cannot be used: the permission ${permission} is missing. Add it to the role's policy.`,
      );
    }
    const causes = causesOf(error);
    const isConflict = error instanceof TransactionConflictException || causes.includes('TransactionConflict');
    if (isConflict) {
      return new UserError(
        'slot-contended',
        `${name} cannot be used: other requests wrote the same items during all ${attemptsMax} attempts. Check that only one run at a time works on this archive, then re-run.`,
      );
    }
    const cause = causes.length === 0 ? error : { name: causes[0], $metadata: { attempts: attemptsMax } };
    const fault = awsFault(cause, 'staging-unavailable');
    if (fault !== undefined)
      return new UserError(fault.code, withRemedy(`${name} cannot be used: ${fault.reason}`, fault.remedy));
    const clause = responseClause(error);
    const response = clause && [clause, ...causes].join(', ');
    if (response === undefined) return error;
    return new UserError(
      'staging-unavailable',
      `${name} refused dynamodb:${action}: ${response}. Check that it has the keys pk (S) and sk (S), and that the endpoint is DynamoDB's.`,
    );
  }

  async #name(): Promise<string> {
    const region = await this.#region();
    return `The DynamoDB table ${this.#table}${region === undefined ? '' : ` in ${region}`}`;
  }

  async #region(): Promise<string | undefined> {
    try {
      return await this.#client.config.region();
    } catch {
      return undefined;
    }
  }
}

/** @param option `--region eu-west-1 `, or empty */
function createTable(option: string, table: string): string {
  return (
    `aws dynamodb create-table ${option}--table-name ${table} ` +
    '--attribute-definitions AttributeName=pk,AttributeType=S AttributeName=sk,AttributeType=S ' +
    '--key-schema AttributeName=pk,KeyType=HASH AttributeName=sk,KeyType=RANGE --billing-mode PAY_PER_REQUEST'
  );
}

/** A table's keys for people: `pk (S), sk (S)`. */
function keysOf(table: TableDescription | undefined): string {
  const { KeySchema = [], AttributeDefinitions = [] } = table ?? {};
  const type = (name: string | undefined) =>
    AttributeDefinitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
  return ['HASH', 'RANGE']
    .flatMap((kind) => KeySchema.filter(({ KeyType }) => KeyType === kind))
    .map(({ AttributeName }) => `${AttributeName} (${type(AttributeName)})`)
    .join(', ');
}
