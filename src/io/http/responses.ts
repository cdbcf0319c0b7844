/** A response's status code and headers. */
export interface ResponseHead {
  readonly status: number;
  /** By name, in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A response after which the same request may succeed. */
export interface Passing {
  /** The wait that the server requests, in ms; 0 if it requests none. */
  readonly waitMs: number;
  /** True if all requests to the server must wait. */
  readonly throttles: boolean;
}

/** Status codes below 500 for a request that came too slowly, too early or too often. */
const passingBelow500 = new Set([408, 425, 429]);
/** Status codes from 500 for an unsupported method or version, or a network that requires a sign-in. */
const finalAbove500 = new Set([501, 505, 511]);
/** `X-RateLimit-Reset` is an instant in seconds since 1970 from this value on, and a number of seconds below it. */
const instantSecondsMin = 1_000_000_000;

/**
 * The classifier of HTTP responses, for every HTTP service: when another attempt may succeed; undefined if the response is
 * final.
 * @param nowMs the current time, in ms since 1970
 */
export function passing({ status, headers }: ResponseHead, nowMs: number): Passing | undefined {
  const mayPass = passingBelow500.has(status) || (status >= 500 && !finalAbove500.has(status));
  if (!mayPass) return undefined;
  const throttles = status === 429;
  const requestedMs = retryAfterMs(headers['retry-after'], nowMs);
  return { waitMs: requestedMs ?? (throttles ? resetMs(headers, nowMs) : 0), throttles };
}

/** `Retry-After` (RFC 9110, 10.2.3), a number of seconds or a date, in ms. */
function retryAfterMs(header: string | string[] | undefined, nowMs: number): number | undefined {
  const text = String(header ?? '').trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) || /^-?\d/.test(text) ? undefined : Math.max(0, date - nowMs);
}

/** The wait until a rate limit resets, in ms, from APIs that send no `Retry-After`. */
function resetMs(headers: ResponseHead['headers'], nowMs: number): number {
  const text = String(headers['ratelimit-reset'] ?? headers['x-ratelimit-reset'] ?? '').trim();
  if (!/^\d+$/.test(text)) return 0;
  const seconds = Number(text);
  return seconds < instantSecondsMin ? seconds * 1000 : Math.max(0, seconds * 1000 - nowMs);
}
