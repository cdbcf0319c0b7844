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
/** Length limit of an id in UTF-8 bytes. */
export const idBytesMax = 8_192;
/** A character takes up to three UTF-8 bytes. */
const timestampBytesMax = 3 * tokenCharsMax;

/** Reasons why bytes are not a valid message. They are stored in the ledger and in quarantine. */
export type InvalidReason =
  | 'not a JSON object'
  | 'not valid JSON'
  | 'nested deeper than 1000 levels'
  | 'larger than 64 MiB'
  | 'not valid UTF-8'
  | 'missing id'
  | 'id is neither a string nor a number'
  | 'id is not valid Unicode'
  | 'id is longer than 8192 bytes'
  | 'missing timestamp'
  | 'timestamp and indexed field are in different slots'
  | 'timestamp is far outside the requested range'
  | TimeProblem
  | AlertsProblem;

/** The parts of a message that the archive uses. */
export interface ReadMessage {
  /** The offset after the message. */
  readonly end: number;
  readonly state: State;
  /** Set if the message is invalid. */
  readonly reason?: InvalidReason | undefined;
  /** A numeric id keeps its spelling. Absent if an invalid message has no readable id. */
  readonly id?: string | undefined;
  /** µs since 1970. Absent if an invalid message has no readable timestamp. */
  readonly timestamp?: bigint | undefined;
  /** 0 for an invalid message; so is `openAlertCount`. */
  readonly alertCount: number;
  /** Ids of the first open alerts, truncated; '' for an alert without id. */
  readonly openAlerts: readonly string[];
  readonly openAlertCount: number;
  /** First distinct statuses of open alerts, truncated; '' for an alert without status. Absent if no alert is open. */
  readonly openStatuses?: readonly string[];
}

/** The values of a row that come from its payload. */
export interface ArchiveRow {
  readonly id: string;
  /** µs since 1970. */
  readonly timestamp: bigint;
  readonly alerts: readonly Alert[];
  /** In the order of declaration. */
  readonly columns: readonly ColumnValue[];
}

/** Reads the message that begins at `start`. Never fails: bytes that are not a message yield an invalid one. */
export function readMessage(bytes: Uint8Array, start: number, compiled: CompiledShape): ReadMessage {
  return readMessageOf(jsonText(bytes), start, compiled);
}

/** Like {@link readMessage}, for many messages within one text. */
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

/** An invalid message that ends at the offset `end`. */
export function invalidMessage(end: number, reason: InvalidReason, id?: string, timestamp?: bigint): ReadMessage {
  return { end, state: 'invalid', reason, id, timestamp, alertCount: 0, openAlerts: [], openAlertCount: 0 };
}

interface Walked {
  readonly end: number;
  readonly problem?: InvalidReason;
}

/** Walks the message and checks it as a whole: JSON, depth, size, UTF-8. */
function walkMessage(text: JsonText, start: number, walk: Walk): Walked {
  const { bytes } = text;
  if (!isObject({ bytes, start, end: bytes.length })) {
    return { end: skipBalanced(bytes, start), problem: 'not a JSON object' };
  }
  try {
    const end = walk.run(start);
    if (end - start > messageBytesMax) return { end, problem: 'larger than 64 MiB' };
    return isUtf8(bytes.subarray(start, end)) ? { end } : { end, problem: 'not valid UTF-8' };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const problem = error instanceof JsonDepthError ? 'nested deeper than 1000 levels' : 'not valid JSON';
    return { end: skipBalanced(bytes, start), problem };
  }
}

/** A value of a message, or the reason why it is unusable. */
type Readable<T> =
  | { readonly value: T; readonly reason?: never }
  | { readonly value?: never; readonly reason: InvalidReason };

function readId(id: JsonRange | undefined): Readable<string> {
  if (id === undefined || isNull(id)) return { reason: 'missing id' };
  if (!isString(id) && !isNumber(id)) return { reason: 'id is neither a string nor a number' };
  // A JSON string may spell each byte with six.
  if (id.end - id.start > 6 * idBytesMax + 2) return { reason: 'id is longer than 8192 bytes' };
  if (!isUtf8(id.bytes.subarray(id.start, id.end))) return { reason: 'id is not valid Unicode' };
  const value = isString(id) ? decodeString(id) : textOf(id);
  if (value === '') return { reason: 'missing id' };
  if (!value.isWellFormed()) return { reason: 'id is not valid Unicode' };
  return Buffer.byteLength(value) > idBytesMax ? { reason: 'id is longer than 8192 bytes' } : { value };
}

function readTime(timestamp: JsonRange | undefined, { timeRules }: CompiledShape): Readable<bigint> {
  if (timestamp === undefined || isNull(timestamp)) return { reason: 'missing timestamp' };
  // Longer tokens are not decoded at all.
  const isShort = timestamp.end - timestamp.start <= timestampBytesMax;
  const read = readTimestamp(isShort ? textOf(timestamp) : '', timeRules);
  return typeof read === 'bigint' ? { value: read } : { reason: read };
}

/**
 * Reads a closed message as a row. The payload was read as a message before, so its JSON is not validated again.
 * @throws Error if the payload is not exactly one closed message
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
    throw new Error(
      `A row requires exactly one closed message (${reason ?? 'it has open alerts, no alerts, or more text'})`,
    );
  }
  const columns = compiled.shape.columns.map(({ type }, index) => {
    const value = walk.captured(firstColumn + index);
    return value === undefined ? null : columnValue(value, type, compiled.timeRules);
  });
  return { id: id.value!, timestamp: timestamp.value!, alerts: list.alerts, columns };
}

/**
 * The time of a message's last alert change, in µs since 1970: the latest date-time string (not a plain date) among the
 * members of its alerts. Undefined if there is none.
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
