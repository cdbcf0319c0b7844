import { Buffer, isUtf8 } from 'node:buffer';
import { type Alert, AlertList, type AlertsProblem, AlertTally, AlertValues, gatherAlerts } from './alerts.ts';
import { type ColumnValue, columnValue } from './columns.ts';
import { skipBalanced } from './json/broken.ts';
import {
  decodeString,
  isNull,
  isNumber,
  isObject,
  isString,
  JsonError,
  type JsonRange,
  type JsonText,
  jsonText,
  spaceEnd,
  textOf,
  validJsonText,
} from './json/tokens.ts';
import { JsonDepthError } from './json/value.ts';
import { Walk } from './json/walk.ts';
import type { State } from './message.ts';
import { type CompiledShape, firstColumn, Part } from './shape.ts';
import type { TimeProblem } from './time/calendar.ts';
import { parseTimestamp, readTimestamp, tokenCharsMax } from './time/timestamp.ts';

export type { ColumnValue } from './columns.ts';
export { type CompiledShape, compileShape } from './shape.ts';

export const messageBytesMax = 64 * 1024 * 1024;
/** UTF-8 bytes of an id. */
export const idBytesMax = 8_192;
/** Of a timestamp's token: each character takes up to three. */
const timestampBytesMax = 3 * tokenCharsMax;

/** Why bytes are not a message. */
export type InvalidReason =
  | 'not a JSON object'
  | 'not valid JSON'
  | 'nested deeper than 1000 levels'
  | 'longer than 64 MiB'
  | 'not valid UTF-8'
  | 'no id'
  | 'an id that is neither a string nor a number'
  | 'an id that is not valid Unicode'
  | 'an id longer than 8192 bytes'
  | 'no timestamp'
  | 'a timestamp in another slot than its field in Elasticsearch'
  | 'a timestamp in another slot than its field in OpenSearch'
  | 'a timestamp far outside of the range that was asked for'
  | TimeProblem
  | AlertsProblem;

/** What a message is, in the words of the archive. */
export interface ReadMessage {
  /** The offset after the message. */
  readonly end: number;
  readonly state: State;
  /** Of an invalid message. */
  readonly reason?: InvalidReason | undefined;
  /** A number as it is spelled. Of an invalid message where it could be read. */
  readonly id?: string | undefined;
  /** µs since 1970. Of an invalid message where it could be read. */
  readonly timestamp?: bigint | undefined;
  /** 0 of an invalid message, as are the open ones. */
  readonly alertCount: number;
  /** The ids of the first open alerts, cut where they are long; '' of one without id. */
  readonly openAlerts: readonly string[];
  readonly openAlertCount: number;
  /** The first different statuses of open alerts, cut where they are long; '' of one without status. Absent: none. */
  readonly openStatuses?: readonly string[];
}

/** What a row of the archive is made of, beside the payload. */
export interface ArchiveRow {
  readonly id: string;
  /** µs since 1970. */
  readonly timestamp: bigint;
  readonly alerts: readonly Alert[];
  /** In the order in which they are declared. */
  readonly columns: readonly ColumnValue[];
}

/** Reads the message that begins at `start`. Whatever the bytes are, they are a message, be it an invalid one. */
export function readMessage(bytes: Uint8Array, start: number, compiled: CompiledShape): ReadMessage {
  return readMessageOf(jsonText(bytes), start, compiled);
}

/** As {@link readMessage}, for many messages of one text. */
export function readMessageOf(text: JsonText, start: number, compiled: CompiledShape): ReadMessage {
  const tally = new AlertTally(text, compiled);
  const walk = new Walk(text, compiled.message, tally);
  const { end, problem } = walkMessage(text, start, walk);
  const id = readId(walk.captured(Part.id));
  const timestamp = readTime(walk.captured(Part.timestamp), compiled);
  const reason =
    problem ?? id.reason ?? timestamp.reason ?? gatherAlerts(text, walk.captured(Part.alerts), compiled, tally);
  if (reason !== undefined) return invalidMessage(end, reason, id.value, timestamp.value);
  const { count, openCount, openIds, openStatuses } = tally;
  const state = count === 0 ? 'unalerted' : openCount === 0 ? 'closed' : 'open';
  const found = { end, state, id: id.value, timestamp: timestamp.value } as const;
  const alerts = { alertCount: count, openAlerts: openIds, openAlertCount: openCount } as const;
  return openCount === 0 ? { ...found, ...alerts } : { ...found, ...alerts, openStatuses };
}

/** What is said of bytes that are no message. */
export function invalidMessage(end: number, reason: InvalidReason, id?: string, timestamp?: bigint): ReadMessage {
  return { end, state: 'invalid', reason, id, timestamp, alertCount: 0, openAlerts: [], openAlertCount: 0 };
}

interface Walked {
  readonly end: number;
  readonly problem?: InvalidReason;
}

/** What can be wrong with the bytes as a whole. */
function walkMessage(text: JsonText, start: number, walk: Walk): Walked {
  const { bytes } = text;
  if (!isObject({ bytes, start, end: bytes.length })) {
    return { end: skipBalanced(bytes, start), problem: 'not a JSON object' };
  }
  try {
    const end = walk.run(start);
    if (end - start > messageBytesMax) return { end, problem: 'longer than 64 MiB' };
    return isUtf8(bytes.subarray(start, end)) ? { end } : { end, problem: 'not valid UTF-8' };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const problem = error instanceof JsonDepthError ? 'nested deeper than 1000 levels' : 'not valid JSON';
    return { end: skipBalanced(bytes, start), problem };
  }
}

/** A value of a message, or why it has none. */
type Readable<T> =
  | { readonly value: T; readonly reason?: never }
  | { readonly value?: never; readonly reason: InvalidReason };

function readId(id: JsonRange | undefined): Readable<string> {
  if (id === undefined || isNull(id)) return { reason: 'no id' };
  if (!isString(id) && !isNumber(id)) return { reason: 'an id that is neither a string nor a number' };
  // Of a string, each byte may be written with six.
  if (id.end - id.start > 6 * idBytesMax + 2) return { reason: 'an id longer than 8192 bytes' };
  if (!isUtf8(id.bytes.subarray(id.start, id.end))) return { reason: 'an id that is not valid Unicode' };
  const value = isString(id) ? decodeString(id) : textOf(id);
  if (value === '') return { reason: 'no id' };
  if (!value.isWellFormed()) return { reason: 'an id that is not valid Unicode' };
  return Buffer.byteLength(value) > idBytesMax ? { reason: 'an id longer than 8192 bytes' } : { value };
}

function readTime(timestamp: JsonRange | undefined, { timeRules }: CompiledShape): Readable<bigint> {
  if (timestamp === undefined || isNull(timestamp)) return { reason: 'no timestamp' };
  // A longer one is not even decoded.
  const isShort = timestamp.end - timestamp.start <= timestampBytesMax;
  const read = readTimestamp(isShort ? textOf(timestamp) : '', timeRules);
  return typeof read === 'bigint' ? { value: read } : { reason: read };
}

/**
 * Reads a closed message as a row. The payload is one that was read as a message before: its JSON is not checked again.
 * @throws Error where the payload is not the text of one closed message
 */
export function readRow(payload: Uint8Array, compiled: CompiledShape): ArchiveRow {
  const text = validJsonText(payload);
  const list = new AlertList(text, compiled);
  const walk = new Walk(text, compiled.row, list);
  const { end, problem } = walkMessage(text, spaceEnd(payload, 0), walk);
  const id = readId(walk.captured(Part.id));
  const timestamp = readTime(walk.captured(Part.timestamp), compiled);
  const reason =
    problem ?? id.reason ?? timestamp.reason ?? gatherAlerts(text, walk.captured(Part.alerts), compiled, list);
  const isRow = list.count > 0 && list.openCount === 0;
  if (reason !== undefined || !isRow || spaceEnd(payload, end) < payload.length) {
    throw new Error(`A row is made of a closed message, not of one with ${reason ?? 'an open alert, or none'}`);
  }
  const columns = compiled.shape.columns.map(({ type }, index) => {
    const value = walk.captured(firstColumn + index);
    return value === undefined ? null : columnValue(value, type, compiled.timeRules);
  });
  return { id: id.value!, timestamp: timestamp.value!, alerts: list.alerts, columns };
}

/**
 * The last alert change of a message, in µs since 1970: the latest of the times (texts, not plain dates) that are members
 * of its alerts. Undefined where there is none.
 */
export function lastAlertChange(payload: Uint8Array, compiled: CompiledShape): bigint | undefined {
  const text = jsonText(payload);
  const alerts = new AlertValues(text);
  const walk = new Walk(text, compiled.message, alerts);
  if (walkMessage(text, spaceEnd(payload, 0), walk).problem !== undefined) return undefined;
  if (gatherAlerts(text, walk.captured(Part.alerts), compiled, alerts) !== undefined) return undefined;
  const instants = alerts.values
    .flatMap((alert) => Object.values(alert ?? {}))
    .map((value) => changeTime(value, compiled))
    .filter((micros) => micros !== undefined);
  return instants.reduce<bigint | undefined>(
    (last, micros) => (last === undefined || micros > last ? micros : last),
    undefined,
  );
}

function changeTime(value: unknown, { timeRules }: CompiledShape): bigint | undefined {
  const isTime = typeof value === 'string' && /[Tt ]/.test(value.trim());
  return isTime ? parseTimestamp(JSON.stringify(value), timeRules) : undefined;
}
