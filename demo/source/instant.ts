const DATE = /^\d{4}-\d\d-\d\d$/;
const INSTANT = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?$/;
const DAY_MS = 86_400_000;
const TWO = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));
const THREE = Array.from({ length: 1_000 }, (_, number) => String(number).padStart(3, '0'));
const DAYS_MAX = 20_000;
const DAYS = new Map<number, string>();

/** True if a text has the form of an ISO date, such as `2024-06-01`. */
export function isDate(text: string): boolean {
  return DATE.test(text);
}

/**
 * Parses an ISO date (as midnight) or instant to ms since 1970. Without an offset it is UTC. Fractions of a ms are truncated.
 * Returns undefined for any other text, including days that do not exist.
 */
export function parseInstant(text: string): number | undefined {
  if (DATE.test(text)) return validDay(text) ? Date.parse(`${text}T00:00:00Z`) : undefined;
  const parts = INSTANT.exec(text);
  if (!parts || !validDay(parts[1] as string)) return undefined;
  const [, date, time, fraction = '', offset = 'Z'] = parts;
  const ms = Date.parse(
    `${date}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}${offset}`.replace(/T(\d\d:\d\d)\./, 'T$1:00.'),
  );
  return Number.isNaN(ms) ? undefined : ms;
}

/** Formats ms since 1970 as `2024-06-01T12:00:00.000Z`, like toISOString but much faster. */
export function isoText(ms: number): string {
  const day = Math.floor(ms / DAY_MS);
  const left = ms - day * DAY_MS;
  const minutes = Math.floor(left / 60_000);
  const millis = left - minutes * 60_000;
  const seconds = Math.floor(millis / 1_000);
  return `${dayText(day)}T${TWO[Math.floor(minutes / 60)]}:${TWO[minutes % 60]}:${TWO[seconds]}.${THREE[millis - seconds * 1_000]}Z`;
}

function dayText(day: number): string {
  let text = DAYS.get(day);
  if (text === undefined) {
    text = new Date(day * DAY_MS).toISOString().slice(0, 10);
    if (DAYS.size >= DAYS_MAX) DAYS.clear();
    DAYS.set(day, text);
  }
  return text;
}

/** Date.parse accepts 30 February as 1 March. */
function validDay(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
