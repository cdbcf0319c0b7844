import { inRange } from './calendar.ts';

/** Decimal places between each unit and µs. */
const units = { s: 6, ms: 3, µs: 0, ns: -3 } as const;

export type EpochUnit = keyof typeof units;

/** Digits of the largest µs value within the years 0001 to 9999. */
const microsDigitsMax = 18;
/** Longer texts are not epoch times. */
const numberCharsMax = 128;
const jsonNumber = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Parses a JSON number as epoch time in µs since 1970, with exact decimal arithmetic, rounding toward the past. The
 * magnitude determines the unit: s below 10^11, ms below 10^14, µs below 10^17, then ns; the ranges of ms, µs and ns each
 * begin in March 1973. Undefined outside the years 0001 to 9999.
 * @param unit overrides the magnitude
 * @param digitsMin returns undefined if the integer part has fewer digits
 */
export function parseEpoch(number: string, unit?: EpochUnit, digitsMin?: number): bigint | undefined {
  if (number.length > numberCharsMax) return undefined;
  const [, sign, whole, fraction = '', exponent = '0'] = jsonNumber.exec(number) ?? [];
  if (whole === undefined) return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  // The number is 0.digits × 10^point; its first `kept` digits are whole µs.
  const point = digits.length - fraction.length + Number(exponent);
  if (digitsMin !== undefined && (digits === '' || point < digitsMin)) return undefined;
  if (digits === '') return 0n;
  const kept = Math.max(0, point + units[unit ?? unitOf(point)]);
  if (kept > microsDigitsMax) return undefined;
  const micros = BigInt(digits.slice(0, kept).padEnd(kept, '0'));
  const isExact = /^0*$/.test(digits.slice(kept));
  return inRange(sign === '-' ? -micros - (isExact ? 0n : 1n) : micros);
}

/** The unit of a number with this many integer digits. */
function unitOf(digits: number): EpochUnit {
  if (digits > 17) return 'ns';
  if (digits > 14) return 'µs';
  return digits > 11 ? 'ms' : 's';
}
