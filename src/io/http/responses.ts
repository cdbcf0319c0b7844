/** What a response says of itself before its body: enough to tell whether another attempt may fare better. */
export interface ResponseHead {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A response after which the same request may succeed. */
export interface Passing {
  /** For how long the server asks to wait, in ms; 0: it does not say. */
  readonly waitMs: number;
  /** Whether all requests to the server have to wait, not this one alone. */
  readonly throttles: boolean;
}

/** Below 500: the server gave up waiting for the request, was not ready for it, or gets too many. */
const passingBelow500 = new Set([408, 425, 429]);
/** Above 500: the server cannot do what was asked, or the network wants a person to sign in. */
const finalAbove500 = new Set([501, 505, 511]);
/** A greater number in `X-RateLimit-Reset` is an instant, a smaller one a number of seconds. */
const instantSecondsMin = 1_000_000_000;

/**
 * Whether another attempt may succeed after a response, and when; undefined where it is final. Every HTTP source decides by
 * this: what is retried, after what wait, and what makes every worker wait.
 * @param nowMs the clock, in ms since 1970
 */
export function passing({ status, headers }: ResponseHead, nowMs: number): Passing | undefined {
  const mayPass = passingBelow500.has(status) || (status >= 500 && !finalAbove500.has(status));
  if (!mayPass) return undefined;
  const throttles = status === 429;
  const asked = retryAfterMs(headers['retry-after'], nowMs);
  return { waitMs: asked ?? (throttles ? resetMs(headers, nowMs) : 0), throttles };
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfterMs(header: string | string[] | undefined, nowMs: number): number | undefined {
  const text = String(header ?? '').trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) || /^-?\d/.test(text) ? undefined : Math.max(0, date - nowMs);
}

/** When a limit is lifted, as APIs say it that send no `Retry-After`: seconds from now, or an instant in seconds. */
function resetMs(headers: ResponseHead['headers'], nowMs: number): number {
  const text = String(headers['ratelimit-reset'] ?? headers['x-ratelimit-reset'] ?? '').trim();
  if (!/^\d+$/.test(text)) return 0;
  const seconds = Number(text);
  return seconds < instantSecondsMin ? seconds * 1000 : Math.max(0, seconds * 1000 - nowMs);
}
