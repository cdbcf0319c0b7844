import { createHash } from 'node:crypto';
import type { LedgerRecord, SourceRecord, StagedMessage } from '../../archive/ledger.ts';
import type { SourceName } from '../../messages/message.ts';
import { type Attributes, attributesBytes, fromAttributes } from './attributes.ts';

/** The maximum size of an item. DynamoDB allows 400 KB, but bills reads and writes by the size of whole items. */
export const itemBytesMax = 100_000;
/** DynamoDB's limit. */
const sortKeyBytesMax = 1_024;
/** The maximum length of an error's message. */
const errorCharsMax = 4_096;
/** Marks a hashed id. An id that begins with it is hashed too, so that no id equals another's hash. */
const hashMark = 'sha256:';
const [slotPrefix, messagePrefix, notePrefix, sourcePrefix] = ['slot#', 'message#', 'note#', 'source#'];

/** The sort key of a slot's record. */
export function slotKey(slotId: string): string {
  return `${slotPrefix}${startOf(slotId)}`;
}

/** The sort key of a source's record. */
export function sourceKey(source: SourceName): string {
  return `${sourcePrefix}${source}`;
}

/** The prefix of the sort keys of a slot's staged messages. */
export function messageKeyPrefix(slotId: string): string {
  return `${messagePrefix}${startOf(slotId)}#`;
}

/** The sort key of a staged message, with a hash in place of a long id. */
export function messageKey(slotId: string, id: string): string {
  const prefix = messageKeyPrefix(slotId);
  const isShort = Buffer.byteLength(prefix) + Buffer.byteLength(id) <= sortKeyBytesMax;
  if (isShort && !id.startsWith(hashMark)) return prefix + id;
  return `${prefix}${hashMark}${createHash('sha256').update(id).digest('hex')}`;
}

/** The sort key of a note. */
export function noteKey(name: string): string {
  return `${notePrefix}${name}`;
}

function startOf(slotId: string): string {
  return slotId.split('-')[0]!;
}

/** The ledger records among items. */
export function records(items: readonly Attributes[]): LedgerRecord[] {
  return valuesOf(items, slotPrefix).map(({ write_id, ...record }) => record as unknown as LedgerRecord);
}

/** The source records among items. */
export function sourceRecords(items: readonly Attributes[]): SourceRecord[] {
  return valuesOf(items, sourcePrefix).map(({ write_id, ...record }) => record as unknown as SourceRecord);
}

/** The staged messages among items. */
export function stagedMessages(items: readonly Attributes[]): StagedMessage[] {
  return valuesOf(items, messagePrefix) as unknown as StagedMessage[];
}

function valuesOf(items: readonly Attributes[], prefix: string) {
  return items
    .filter(({ sk }) => sk?.S?.startsWith(prefix))
    .map(({ pk, sk, ...attributes }) => fromAttributes(attributes));
}

/** The message's item, with as many of its open alerts as fit. */
export function fitted(message: StagedMessage, itemOf: (message: StagedMessage) => Attributes): Attributes {
  const open_alerts = [...message.open_alerts];
  let item = itemOf(message);
  while (attributesBytes(item) > itemBytesMax && open_alerts.pop() !== undefined) {
    item = itemOf({ ...message, open_alerts });
  }
  return item;
}

/** The record, with its error's message truncated. */
export function shortened<Row extends LedgerRecord | SourceRecord>({ last_error, ...record }: Row) {
  if (last_error === undefined) return record;
  const message = last_error.message.slice(0, errorCharsMax).toWellFormed();
  return { ...record, last_error: { ...last_error, message } };
}
