import { UserError } from '../../errors.ts';
import {
  civilMicros,
  isWeekday,
  isZone,
  mailZones,
  monthNames,
  nameIndex,
  offsetMinutes,
  type WallTime,
  weekdayNames,
} from './calendar.ts';
import { type EpochUnit, parseEpoch } from './epoch.ts';
import { readIsoTime } from './iso.ts';

/** Parses a text of one format; undefined if the text does not match. */
export type TimeFormat = (text: string) => WallTime | undefined;

/** Limits, since each optional section doubles the number of ways to match a text. */
const formatCharsMax = 500;
const optionalMax = 8;

type Field =
  | 'year'
  | 'shortYear'
  | 'month'
  | 'monthName'
  | 'day'
  | 'weekday'
  | 'hour'
  | 'hour12'
  | 'half'
  | 'minute'
  | 'second'
  | 'fraction'
  | 'offset'
  | 'zoneName'
  | 'zone';

const short = (names: readonly string[]) => names.map((name) => name.slice(0, 3)).join('|');

/** Pattern letters of Java's DateTimeFormatter, each with its field and the expression that matches it. */
const letters: Readonly<Record<string, readonly [Field, string]>> = {
  yyyy: ['year', '\\d{4}'],
  uuuu: ['year', '\\d{4}'],
  yy: ['shortYear', '\\d\\d'],
  uu: ['shortYear', '\\d\\d'],
  M: ['month', '\\d{1,2}'],
  MM: ['month', '\\d\\d'],
  MMM: ['monthName', short(monthNames)],
  MMMM: ['monthName', monthNames.join('|')],
  d: ['day', '\\d{1,2}'],
  dd: ['day', '\\d\\d'],
  E: ['weekday', short(weekdayNames)],
  EEE: ['weekday', short(weekdayNames)],
  EEEE: ['weekday', weekdayNames.join('|')],
  H: ['hour', '\\d{1,2}'],
  HH: ['hour', '\\d\\d'],
  h: ['hour12', '\\d{1,2}'],
  hh: ['hour12', '\\d\\d'],
  a: ['half', 'AM|PM'],
  m: ['minute', '\\d{1,2}'],
  mm: ['minute', '\\d\\d'],
  s: ['second', '\\d{1,2}'],
  ss: ['second', '\\d\\d'],
  X: ['offset', 'Z|[+-]\\d\\d(?:\\d\\d)?'],
  XX: ['offset', 'Z|[+-]\\d{4}'],
  XXX: ['offset', 'Z|[+-]\\d\\d:\\d\\d'],
  x: ['offset', '[+-]\\d\\d(?:\\d\\d)?'],
  xx: ['offset', '[+-]\\d{4}'],
  xxx: ['offset', '[+-]\\d\\d:\\d\\d'],
  Z: ['offset', '[+-]\\d{4}'],
  ZZZZZ: ['offset', 'Z|[+-]\\d\\d:\\d\\d'],
  z: ['zoneName', Object.keys(mailZones).join('|')],
  VV: ['zone', '[A-Za-z][\\w+/-]*'],
};

/** Named formats of Elasticsearch, other than those of ISO 8601 and epoch times. Fractions may have any length. */
const named: Readonly<Record<string, string>> = {
  basic_date: 'yyyyMMdd',
  basic_date_time: "yyyyMMdd'T'HHmmss.SSSXXX||yyyyMMdd'T'HHmmss.SSSX",
  basic_date_time_no_millis: "yyyyMMdd'T'HHmmssXXX||yyyyMMdd'T'HHmmssX",
  date: 'yyyy-MM-dd',
  date_hour: "yyyy-MM-dd'T'HH",
  date_hour_minute: "yyyy-MM-dd'T'HH:mm",
  date_hour_minute_second: "yyyy-MM-dd'T'HH:mm:ss",
  date_hour_minute_second_fraction: "yyyy-MM-dd'T'HH:mm:ss.SSS",
  date_hour_minute_second_millis: "yyyy-MM-dd'T'HH:mm:ss.SSS",
  date_time: "yyyy-MM-dd'T'HH:mm:ss.SSSXXX||yyyy-MM-dd'T'HH:mm:ss.SSSX",
  date_time_no_millis: "yyyy-MM-dd'T'HH:mm:ssXXX||yyyy-MM-dd'T'HH:mm:ssX",
  year: 'yyyy',
  year_month: 'yyyy-MM',
  year_month_day: 'yyyy-MM-dd',
};
const isoNames: ReadonlySet<string> = new Set(['date_optional_time', 'date_optional_time_nanos', 'iso8601']);
const epochUnits: Readonly<Record<string, EpochUnit>> = { epoch_second: 's', epoch_millis: 'ms' };

/**
 * Compiles a format in the syntax of Elasticsearch date mappings: pattern letters of Java's DateTimeFormatter (numeric or
 * English), `'…'` around literals, `[…]` around optional sections, or a named format. Alternatives are separated by `||`;
 * the first that matches wins.
 * @throws UserError that quotes the invalid part. Its message is a clause.
 */
export function compileTimeFormat(format: string): TimeFormat {
  if (format.length > formatCharsMax)
    throw new UserError('input-invalid', `it is longer than ${formatCharsMax} characters`);
  const alternatives = format.split('||').map((each) => compileOne(each.trim()));
  return (text) => {
    for (const parse of alternatives) {
      const wall = parse(text);
      if (wall !== undefined) return wall;
    }
    return undefined;
  };
}

function compileOne(format: string): TimeFormat {
  const name = format.replace(/^strict_/, '');
  const unit = Object.hasOwn(epochUnits, name) ? epochUnits[name] : undefined;
  if (unit !== undefined) return (text) => epochTime(text, unit);
  if (isoNames.has(name)) return either(readIsoTime, either(compilePattern('yyyy'), compilePattern('yyyy-MM')));
  if (!Object.hasOwn(named, name)) return compilePattern(format);
  const patterns = named[name]!.split('||').map((pattern) => compilePattern(pattern, true));
  return patterns.reduce((first, next) => either(first, next));
}

function either(first: TimeFormat, next: TimeFormat): TimeFormat {
  return (text) => first(text) ?? next(text);
}

function epochTime(text: string, unit: EpochUnit): WallTime | undefined {
  const micros = parseEpoch(text, unit);
  return micros === undefined ? undefined : { micros, offset: 0 };
}

/** @param isLoose accept one to nine fractional digits whatever the number of letters */
function compilePattern(pattern: string, isLoose = false): TimeFormat {
  const { expression, fields } = expressionOf(pattern, isLoose);
  assertComplete(new Set(fields), pattern);
  return (text) => {
    const match = expression.exec(text);
    if (match === null) return undefined;
    const values: Partial<Record<Field, string>> = {};
    for (const [index, field] of fields.entries()) {
      const value = match[index + 1];
      if (value === undefined) continue;
      // A field that occurs twice must have the same value.
      if ((values[field] ?? value) !== value) return undefined;
      values[field] = value;
    }
    return wallTime(values);
  };
}

function expressionOf(pattern: string, isLoose: boolean): { expression: RegExp; fields: Field[] } {
  const fields: Field[] = [];
  let source = '';
  let open = 0;
  let optional = 0;
  for (const [part, quoted, letter] of pattern.matchAll(/'((?:[^']|'')*)'|([A-Za-z])\2*|[\s\S]/g)) {
    if (quoted !== undefined) source += escaped(quoted === '' ? "'" : quoted.replaceAll("''", "'"));
    else if (letter !== undefined) {
      const [field, matched] = lettersOf(part, isLoose);
      fields.push(field);
      source += `(${matched})`;
    } else if (part === '[') {
      source += '(?:';
      open += 1;
      optional += 1;
    } else if (part === ']' && open > 0) {
      source += ')?';
      open -= 1;
    } else if (/[[\]'{}#]/.test(part))
      throw new UserError('input-invalid', `\`${part}\` is unbalanced or reserved in \`${pattern}\``);
    else source += escaped(part);
  }
  if (open > 0) throw new UserError('input-invalid', `\`[\` is not closed in \`${pattern}\``);
  if (optional > optionalMax)
    throw new UserError('input-invalid', `\`${pattern}\` has more than ${optionalMax} optional sections`);
  return { expression: new RegExp(`^${source}$`, 'i'), fields };
}

function lettersOf(part: string, isLoose: boolean): readonly [Field, string] {
  if (/^S{1,9}$/.test(part)) return ['fraction', isLoose ? '\\d{1,9}' : `\\d{${part.length}}`];
  if (Object.hasOwn(letters, part)) return letters[part]!;
  throw new UserError('input-invalid', `\`${part}\` is neither a named format nor a pattern letter`);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** Rejects formats that leave a time ambiguous. */
function assertComplete(fields: ReadonlySet<Field>, pattern: string): void {
  const fail = (what: string) => {
    throw new UserError('input-invalid', `\`${pattern}\` has ${what}`);
  };
  const has = (...names: readonly Field[]) => names.some((name) => fields.has(name));
  if (!has('year', 'shortYear')) fail('no year, as in `yyyy`');
  if (has('day') && !has('month', 'monthName')) fail('a day but no month, as in `MM`');
  if (!has('day') && has('hour', 'hour12')) fail('a time but no day, as in `dd`');
  if (has('hour12') !== has('half')) fail('only one of `hh` and `a`');
  if (has('minute') && !has('hour', 'hour12')) fail('minutes but no hour, as in `HH`');
  if (has('second') && !has('minute')) fail('seconds but no minutes, as in `mm`');
  if (has('fraction') && !has('second')) fail('a fraction but no seconds, as in `ss`');
}

function wallTime(values: Partial<Record<Field, string>>): WallTime | undefined {
  const { year, shortYear, monthName, weekday, fraction, offset, zoneName, zone } = values;
  const number = (text: string | undefined, absent: number) => (text === undefined ? absent : Number(text));
  const hour = hourOf(values);
  if (hour === undefined || (year ?? shortYear) === undefined) return undefined;
  const micros = civilMicros({
    year: year === undefined ? 2_000 + Number(shortYear) : Number(year),
    month: monthName === undefined ? number(values.month, 1) : nameIndex(monthNames, monthName) + 1,
    day: number(values.day, 1),
    hour,
    minute: number(values.minute, 0),
    second: number(values.second, 0),
    ...(fraction !== undefined && { fraction }),
  });
  if (micros === undefined || !isWeekday(micros, weekday)) return undefined;
  if (offset !== undefined) {
    const minutes = offsetMinutes(offset);
    return minutes === undefined ? undefined : { micros, offset: minutes };
  }
  if (zoneName !== undefined) return { micros, offset: mailZones[zoneName.toUpperCase()] };
  if (zone === undefined) return { micros };
  return isZone(zone) ? { micros, zone } : undefined;
}

/** Undefined if there is no such hour, or if only one of the 12-hour clock's two fields matched. */
function hourOf({ hour, hour12, half }: Partial<Record<Field, string>>): number | undefined {
  if (hour12 === undefined && half === undefined) return Number(hour ?? 0);
  if (hour12 === undefined || half === undefined) return undefined;
  const number = Number(hour12);
  if (number < 1 || number > 12) return undefined;
  return (number % 12) + (half.toUpperCase() === 'PM' ? 12 : 0);
}
