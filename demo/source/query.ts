import { isDate, parseInstant } from './instant.ts';
import type { Range } from './messages.ts';
import type { Settings } from './options.ts';
import { Refusal } from './refusal.ts';

/** A validated page request. */
export interface PageQuery {
  readonly range: Range;
  readonly pageSize: number;
  /** Starts at 1. */
  readonly pageNumber: number;
  /** In ms since 1970. */
  readonly asOf: number;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const PAGE_SIZE_DEFAULT = 100;

/**
 * Parses the query of `GET /messages`. A page size above the maximum is reduced, not rejected.
 * @throws Refusal if it is invalid
 */
export function readPageQuery(query: URLSearchParams, settings: Settings): PageQuery {
  const start = bound(query, 'start_time', settings, 0);
  const end = bound(query, 'end_time', settings, settings.endInclusive ? DAY_MS : 0);
  if (start > end) throw new Refusal(400, 'start_time is later than end_time.');
  if (end - start > settings.maxDays * DAY_MS) {
    throw new Refusal(400, `The range is longer than ${settings.maxDays} days.`);
  }
  const status = query.get('status') ?? 'all';
  if (status !== 'all') throw new Refusal(400, 'status must be all.');
  return {
    range: { start, end },
    pageSize: Math.min(settings.pageSizeMax, count(query, 'page_size', PAGE_SIZE_DEFAULT)),
    pageNumber: count(query, 'page_number', 1),
    asOf: readAsOf(query, settings),
  };
}

/**
 * Parses the instant `as_of` of a query to ms since 1970. Default: now.
 * @throws Refusal if it is invalid
 */
export function readAsOf(query: URLSearchParams, settings: Settings): number {
  return query.has('as_of') ? readInstant(query, 'as_of') : settings.now();
}

/**
 * Parses `from` and `to` (exclusive), ISO dates or instants. Returns undefined if both are absent.
 * @throws Refusal if one is invalid or missing
 */
export function readTruthRange(query: URLSearchParams): Range | undefined {
  if (!query.has('from') && !query.has('to')) return undefined;
  return { start: readInstant(query, 'from'), end: readInstant(query, 'to') };
}

function readInstant(query: URLSearchParams, name: string): number {
  const ms = parseInstant(query.get(name) ?? '');
  if (ms === undefined) throw new Refusal(400, `${name} must be an ISO date or instant.`);
  return ms;
}

/** Parses a bound of the range. A date means its first instant plus `dayMs`. */
function bound(query: URLSearchParams, name: string, settings: Settings, dayMs: number): number {
  const text = query.get(name) ?? '';
  const ms = /^-?\d{1,15}$/.test(text) ? Number(text) : parseInstant(text);
  if (ms === undefined) throw new Refusal(400, `${name} must be an ISO date, an ISO instant or epoch milliseconds.`);
  return isDate(text) ? ms + dayMs - settings.dayOffsetMinutes * MINUTE_MS : ms;
}

function count(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name) ?? String(fallback);
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Refusal(400, `${name} must be a positive integer.`);
  return Number(text);
}
