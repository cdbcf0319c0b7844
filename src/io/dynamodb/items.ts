import { createHash } from 'node:crypto';
import type { LedgerRecord, SourceRecord, StagedMessage } from '../../archive/ledger.ts';
import { revisionMax, type StoredItem } from '../../archive/ledger-schema.ts';
import type { SourceName } from '../../messages/message.ts';
import type { Instant } from '../../windows/interval.ts';
import { type Attributes, attributesBytes, fromAttributes, toAttributes } from './attributes.ts';

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

/** The condition of a first record: none exists, or its revision is one that no run can have written. */
export const noRecord = 'attribute_not_exists(pk) OR NOT (revision BETWEEN :first AND :last)';
export const noRecordValues = toAttributes({ ':first': 1, ':last': revisionMax });
/** The condition of a change to a staged message: it was not read later, or no run can have written its `read_at`. */
export const notReadLater =
  'attribute_not_exists(pk) OR read_at <= :read_at OR NOT (size(read_at) = :chars AND read_at BETWEEN :from AND :to)';

/** The values of {@link notReadLater}. */
export function readAtValues(readAt: Instant): Attributes {
  return toAttributes({ ':read_at': readAt, ':chars': readAt.length, ':from': '1', ':to': '3' });
}

/** Returns the items of the table in the form in which they are checked, without those of other kinds, such as notes. */
export function storedItems(items: readonly Attributes[]): StoredItem[] {
  return items.flatMap((item) => {
    const sk = item.sk?.S ?? '';
    const { pk: _, sk: __, write_id: ___, ...attributes } = item;
    const value = fromAttributes(attributes);
    if (sk.startsWith(slotPrefix)) return [storedSlot(sk, value)];
    if (sk.startsWith(messagePrefix)) return [storedMessage(sk, value)];
    if (sk.startsWith(sourcePrefix)) return [storedSource(sk, value)];
    return [];
  });
}

type Value = Readonly<Record<string, unknown>>;

function storedSlot(sk: string, value: Value): StoredItem {
  const start = sk.slice(slotPrefix.length);
  const isOwn = typeof value.slot === 'string' && startOf(value.slot) === start;
  return { kind: 'slot', key: start, start, known: {}, value: isOwn ? value : { ...value, slot: undefined } };
}

function storedMessage(sk: string, value: Value): StoredItem {
  const [start = ''] = sk.slice(messagePrefix.length).split('#', 1);
  const id = sk.slice(messagePrefix.length + start.length + 1);
  const { slot, message_id } = value;
  // A hash does not reveal its id, but the id shows whether the hash is correct.
  const isOwn = typeof message_id === 'string' && messageKey(start, message_id) === sk;
  const known = { ...(!id.startsWith(hashMark) && { message_id: id }) };
  const isOfSlot = typeof slot === 'string' && startOf(slot) === start;
  const { message_id: _, ...others } = value;
  const checked = { ...others, ...(isOwn && { message_id }), ...(!isOfSlot && { slot: undefined }) };
  return { kind: 'message', key: id, start, known, value: checked };
}

function storedSource(sk: string, value: Value): StoredItem {
  const source = sk.slice(sourcePrefix.length);
  return { kind: 'source', key: source, known: { source }, value };
}

/** Returns the message's item, with as many of its open alerts as fit. */
export function fitted(message: StagedMessage, itemOf: (message: StagedMessage) => Attributes): Attributes {
  const open_alerts = [...message.open_alerts];
  let item = itemOf(message);
  while (attributesBytes(item) > itemBytesMax && open_alerts.pop() !== undefined) {
    item = itemOf({ ...message, open_alerts });
  }
  return item;
}

/** Returns the record, with its error's message truncated. */
export function shortened<Row extends LedgerRecord | SourceRecord>({ last_error, ...record }: Row) {
  if (last_error === undefined) return record;
  const message = last_error.message.slice(0, errorCharsMax).toWellFormed();
  return { ...record, last_error: { ...last_error, message } };
}
