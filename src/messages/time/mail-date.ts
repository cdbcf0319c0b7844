import { civilMicros, isWeekday, mailZones, monthNames, nameIndex, offsetMinutes, type WallTime } from './calendar.ts';

const mailDate =
  /^(?:([a-z]{3}) ?, ?)?(\d{1,2}) ([a-z]{3}) (\d{4}|\d\d) (\d\d):(\d\d)(?::(\d\d))?(?: ?([+-]\d{4}|[a-z]{1,3}))?$/i;
/** Two-digit years from here on are in the 1900s (RFC 5322, section 4.3). */
const lastCenturyFrom = 50;

/**
 * Parses an e-mail date (RFC 5322): `Mon, 10 Jun 2024 10:00:00 +0200 (CEST)`. Weekday and seconds are optional; obsolete
 * years and zones are accepted. Undefined for anything else, or if the weekday does not match the date.
 */
export function readMailDate(text: string): WallTime | undefined {
  const plain = text
    .replace(/\([^()]*\)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const [, weekday, day, monthName = '', yearText = '', hour, minute, second = '0', zone] = mailDate.exec(plain) ?? [];
  const month = nameIndex(monthNames, monthName) + 1;
  if (month === 0 || monthName.length < 3) return undefined;
  const micros = civilMicros({
    year: fullYear(yearText),
    month,
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  });
  if (micros === undefined || hour === '24' || !isWeekday(micros, weekday)) return undefined;
  if (zone === undefined) return { micros };
  const offset = mailZones[zone.toUpperCase()] ?? offsetMinutes(zone);
  return offset === undefined ? undefined : { micros, offset };
}

function fullYear(text: string): number {
  const year = Number(text);
  if (text.length > 2) return year;
  return year + (year < lastCenturyFrom ? 2_000 : 1_900);
}
