import { decodeString, isList, isNull, isObject, isString, type JsonRange, textOf } from './json/tokens.ts';
import type { ColumnType } from './message.ts';
import { parseTimestamp, type TimeRules } from './time/timestamp.ts';

/** The value of a declared column: a bigint for int64 and timestamp (µs since 1970); null if there is none. */
export type ColumnValue = string | bigint | number | boolean | null;

/** Longer tokens are not numbers, booleans or timestamps. */
const tokenBytesMax = 1_024;
const integer = /^-?(?:0|[1-9]\d*)$/;
const decimal = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Converts a JSON value to a column type. A string column accepts everything: decoded strings, and the JSON text of any
 * other value. int64 and double accept numbers and strings in JSON number syntax. boolean and timestamp accept their own
 * kind. Null for JSON null and for values that the type cannot represent.
 */
export function columnValue(value: JsonRange, type: ColumnType, timeRules: TimeRules): ColumnValue {
  if (isNull(value)) return null;
  if (type === 'string') return isString(value) ? decodeString(value).toWellFormed() : textOf(value);
  if (value.end - value.start > tokenBytesMax) return null;
  switch (type) {
    case 'int64':
      return int64(plainText(value));
    case 'double':
      return double(plainText(value));
    case 'boolean':
      return boolean(textOf(value));
    case 'timestamp':
      return parseTimestamp(textOf(value), timeRules) ?? null;
  }
}

/** The decoded string with lone surrogates replaced by U+FFFD, or the token of a number or boolean; null for anything else. */
export function scalarText(value: JsonRange): string | null {
  if (isNull(value) || isObject(value) || isList(value)) return null;
  return plainText(value).toWellFormed();
}

function plainText(value: JsonRange): string {
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
