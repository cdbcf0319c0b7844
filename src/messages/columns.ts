import { decodeString, isList, isNull, isObject, isString, type JsonRange, textOf } from './json/tokens.ts';
import type { ColumnType } from './message.ts';
import { parseTimestamp, type TimeRules } from './time/timestamp.ts';

/** The value of a declared column: a bigint for int64 and (µs since 1970) timestamp; null where there is none. */
export type ColumnValue = string | bigint | number | boolean | null;

/** A longer token spells no number, boolean or timestamp. */
const tokenBytesMax = 1_024;
const integer = /^-?(?:0|[1-9]\d*)$/;
const decimal = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * A value as a column of this type holds it. A string column takes everything: strings decoded, the rest as its JSON text.
 * int64 and double take numbers, and strings that spell one as JSON does. The others take what is of their kind. Null for
 * JSON's null, and for what the column cannot hold.
 */
export function columnValue(value: JsonRange, type: ColumnType, timeRules: TimeRules): ColumnValue {
  if (isNull(value)) return null;
  if (type === 'string') return isString(value) ? decodeString(value).toWellFormed() : textOf(value);
  if (value.end - value.start > tokenBytesMax) return null;
  switch (type) {
    case 'int64':
      return int64(spelling(value));
    case 'double':
      return double(spelling(value));
    case 'boolean':
      return boolean(textOf(value));
    case 'timestamp':
      return parseTimestamp(textOf(value), timeRules) ?? null;
  }
}

/** A string decoded, lone surrogates replaced by U+FFFD; a number or a boolean as its token; null for anything else. */
export function scalarText(value: JsonRange): string | null {
  if (isNull(value) || isObject(value) || isList(value)) return null;
  return spelling(value).toWellFormed();
}

function spelling(value: JsonRange): string {
  return isString(value) ? decodeString(value) : textOf(value);
}

function int64(text: string): bigint | null {
  if (!integer.test(text)) return null;
  const number = BigInt(text);
  return BigInt.asIntN(64, number) === number ? number : null;
}

function double(text: string): number | null {
  const number = decimal.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

function boolean(text: string): boolean | null {
  return text === 'true' ? true : text === 'false' ? false : null;
}
