import {
  type DynamoDBClient,
  IdempotentParameterMismatchException,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import pLimit from 'p-limit';
import { eachWithin } from '../../concurrency.ts';
import type { Clock } from '../clock.ts';
import { retry, retryPolicies, type Transient } from '../retry.ts';

/** DynamoDB's limit. */
const actionsMax = 100;
/** DynamoDB allows 4 MB, and measures items slightly differently. */
const bytesMax = 3_500_000;
/** Concurrent transactions of one list. All items of an archive share one partition key, whose write throughput is limited. */
const concurrencyMax = 4;

const conditionFailed = 'ConditionalCheckFailed';
const conflict = 'TransactionConflict';
const invalid = 'ValidationError';
const throttled: ReadonlySet<string> = new Set(['ThrottlingError', 'ProvisionedThroughputExceeded']);

/** A conditional put or delete of one item. */
export interface ItemWrite {
  readonly action: TransactWriteItem;
  /** The size of the item, or of its key if it is deleted. */
  readonly bytes: number;
}

export interface Transactions {
  readonly client: DynamoDBClient;
  readonly clock: Clock;
  /** Returns a different id at each call. */
  readonly newId: () => string;
}

/**
 * Writes items with distinct keys, up to 100 per request. An item whose condition fails is unchanged; the others are written
 * anyway. After an error, some items may be written and others not.
 *
 * DynamoDB recognizes a repeated request by its token for ten minutes, so a request whose response was lost takes effect once.
 * Even later, or in a store that ignores tokens, repeating it is harmless as long as its conditions compare versions: if our
 * own write is still there it is made again, and if a newer one is there the condition fails.
 * @throws an error of the SDK
 */
export async function writeItems(transactions: Transactions, writes: readonly ItemWrite[]): Promise<void> {
  await eachWithin(pLimit(concurrencyMax), batchesOf(writes), (batch) => writeBatch(transactions, batch));
}

function batchesOf(writes: readonly ItemWrite[]): ItemWrite[][] {
  const batches: ItemWrite[][] = [];
  let left = 0;
  for (const write of writes) {
    const last = batches.at(-1);
    if (last === undefined || last.length === actionsMax || write.bytes > left) {
      batches.push([write]);
      left = bytesMax - write.bytes;
    } else {
      last.push(write);
      left -= write.bytes;
    }
  }
  return batches;
}

async function writeBatch(transactions: Transactions, batch: readonly ItemWrite[]): Promise<void> {
  let left = batch;
  const classify = (error: Error) => transientOf(error);
  try {
    await retry({ policy: retryPolicies.dynamodb, clock: transactions.clock, classify }, async () => {
      while (left.length > 0) {
        const cancelled = await send(transactions, left);
        if (cancelled === undefined) return;
        const codes = codesOf(cancelled);
        const kept = left.filter((_, n) => codes[n] !== conditionFailed);
        // If only conditions failed, the remaining items are sent again at once.
        const isProgress =
          kept.length < left.length && codes.every((code) => code === 'None' || code === conditionFailed);
        left = kept;
        if (!isProgress && left.length > 0) throw cancelled;
      }
    });
  } catch (error) {
    // The size may include the items that the transaction deletes or replaces, which is not documented.
    if (!isInvalid(error) || left.length < 2) throw error;
    const middle = Math.ceil(left.length / 2);
    for (const half of [left.slice(0, middle), left.slice(middle)]) await writeBatch(transactions, half);
  }
}

/** Each request has its own token; the SDK repeats it with the same one. Returns the error of a cancelled transaction. */
async function send(
  { client, newId }: Transactions,
  writes: readonly ItemWrite[],
): Promise<TransactionCanceledException | undefined> {
  const TransactItems = writes.map(({ action }) => action);
  try {
    await client.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken: newId() }));
    return undefined;
  } catch (error) {
    if (error instanceof TransactionCanceledException) return error;
    throw error;
  }
}

/** The SDK has already repeated a request that failed as a whole, except one whose token was used before. */
function transientOf(error: unknown): Transient | undefined {
  if (error instanceof IdempotentParameterMismatchException) return {};
  const causes = causesOf(error);
  if (causes.length === 0 || !causes.every((code) => code === conflict || throttled.has(code))) return undefined;
  return { isThrottled: causes.some((code) => throttled.has(code)) };
}

function isInvalid(error: unknown): boolean {
  return (error instanceof Error && error.name === 'ValidationException') || causesOf(error).includes(invalid);
}

/** Returns why a transaction was cancelled, except failed conditions: `TransactionConflict`, `ThrottlingError`, …; may be empty. */
export function causesOf(error: unknown): string[] {
  const codes = error instanceof TransactionCanceledException ? codesOf(error) : [];
  return [...new Set(codes)].filter((code) => code !== 'None' && code !== conditionFailed);
}

/** The result of each action, in order. */
function codesOf({ CancellationReasons = [] }: TransactionCanceledException): string[] {
  return CancellationReasons.map(({ Code }) => Code ?? 'None');
}
