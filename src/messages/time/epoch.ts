import { inRange } from './calendar.ts';

/** How many decimal places lie between a unit and the µs. */
const units = { s: 6, ms: 3, µs: 0, ns: -3 } as const;

export type EpochUnit = keyof typeof units;

/** Digits of the greatest number of µs in the years 0001 to 9999. */
const microsDigitsMax = 18;
/** A longer text is no number of seconds or of parts of one. */
const numberCharsMax = 128;
const jsonNumber = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Reads the text of a JSON number as µs since 1970, by exact decimal arithmetic, finer digits dropped toward the past. The
 * magnitude gives the unit: ms from 10^11 on, µs from 10^14, ns from 10^17, s below; each of the finer units begins in
 * March 1973. Undefined outside the years 0001 to 9999.
 * @param unit where it is known
 * @param digitsMin of its whole part; undefined where it has fewer
 */
export function parseEpoch(number: string, unit?: EpochUnit, digitsMin?: number): bigint | undefined {
  if (number.length > numberCharsMax) return undefined;
  const [, sign, whole, fraction = '', exponent = '0'] = jsonNumber.exec(number) ?? [];
  if (whole === undefined) return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  // The number is 0.digits × 10^point; the first `kept` of its digits are whole µs.
  const point = digits.length - fraction.length + Number(exponent);
  if (digitsMin !== undefined && (digits === '' || point < digitsMin)) return undefined;
  if (digits === '') return 0n;
  const kept = Math.max(0, point + units[unit ?? unitOf(point)]);
  if (kept > microsDigitsMax) return undefined;
  const micros = BigInt(digits.slice(0, kept).padEnd(kept, '0'));
  const isExact = /^0*$/.test(digits.slice(kept));
  return inRange(sign === '-' ? -micros - (isExact ? 0n : 1n) : micros);
}

/** The unit of a number with so many digits before its point. */
function unitOf(digits: number): EpochUnit {
  if (digits > 17) return 'ns';
  if (digits > 14) return 'µs';
  return digits > 11 ? 'ms' : 's';
}
