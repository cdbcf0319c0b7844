import { Refusal } from './refusal.ts';

/** A way in which the source can mishandle a request. */
export type FaultKind = (typeof KINDS)[number];

/** A fault, and the page requests it affects: the next `times` that match. */
export interface FaultRule {
  readonly kind: FaultKind;
  /** Default: 1. `always`: until the rules are replaced. */
  readonly times?: number | 'always';
  /** Query parameters that a request must have, such as page_number. */
  readonly match?: Readonly<Record<string, string | number>>;
  /** `Retry-After` of a fault that is a status code, in seconds or as a date. */
  readonly retryAfter?: string | number;
  /** For `slow`. */
  readonly bytesPerSecond?: number;
  /** For `pageCap`: the maximum number of messages per page. */
  readonly pageCap?: number;
}

/** A fault that affects a request; `left` is how often it can still occur, including this time. */
export interface Fault extends FaultRule {
  readonly left: number;
}

/** Invalid fault rules: the message is one sentence that says why. */
export class FaultError extends Error {
  override readonly name: string = 'FaultError';
}

const FAILURES = [
  '400',
  '401',
  '403',
  '404',
  '429',
  '500',
  '502',
  '503',
  '504',
  'cut',
  'stall',
  'slow',
  'badJson',
] as const;
const SHAPES = ['pageCap', 'repeat', 'drift', 'ignoreRange', 'noTotal', 'dropOne'] as const;
const KINDS = [...FAILURES, ...SHAPES] as const;
const BYTES_PER_SECOND = 100_000;
const DRIFT_ALWAYS_MAX = 7;

/** The pending faults. */
export class Faults {
  #rules: { rule: FaultRule; left: number; hits: number }[] = [];

  /**
   * Replaces the rules.
   * @throws FaultError if they are not a list of valid rules
   */
  replace(rules: unknown): void {
    if (!Array.isArray(rules)) throw new FaultError('Faults must be a list of rules.');
    this.#rules = rules.map((rule) => ({ rule: readRule(rule), left: timesOf(rule), hits: 0 }));
  }

  /**
   * Returns the first rule that makes a request fail: with a status code, an incomplete body or invalid JSON. A request has
   * one failure at most, so that such rules apply one after the other.
   */
  failure(query: URLSearchParams): Fault | undefined {
    return this.#take(query, FAILURES);
  }

  /** Returns the first rule of a kind that changes a page's content; a request can have one of each. */
  shape(kind: (typeof SHAPES)[number], query: URLSearchParams): Fault | undefined {
    return this.#take(query, [kind]);
  }

  #take(query: URLSearchParams, kinds: readonly FaultKind[]): Fault | undefined {
    const found = this.#rules.find(({ rule, left }) => left > 0 && kinds.includes(rule.kind) && matches(rule, query));
    if (!found) return undefined;
    // A drift with `always` must still change from one request to the next.
    const left = found.left === Infinity ? 1 + (found.hits % DRIFT_ALWAYS_MAX) : found.left;
    found.left--;
    found.hits++;
    return { ...found.rule, left };
  }
}

/** Returns the rate at which the body of a `slow` response is sent. */
export function bytesPerSecondOf(fault: FaultRule): number {
  return fault.bytesPerSecond ?? BYTES_PER_SECOND;
}

/** Returns the response of a fault that is a status code; undefined for all others. */
export function refusalOf({ kind, retryAfter }: FaultRule): Refusal | undefined {
  if (!/^\d{3}$/.test(kind)) return undefined;
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return new Refusal(Number(kind), `The source was set to respond ${kind}.`, headers);
}

function matches({ match }: FaultRule, query: URLSearchParams): boolean {
  return Object.entries(match ?? {}).every(([name, value]) => query.get(name) === String(value));
}

function timesOf({ times }: FaultRule): number {
  return times === 'always' ? Infinity : (times ?? 1);
}

function readRule(rule: unknown): FaultRule {
  if (typeof rule !== 'object' || rule === null) throw new FaultError('A fault rule must be an object.');
  const { kind, times, match, retryAfter, bytesPerSecond, pageCap } = rule as Record<string, unknown>;
  const need = (holds: boolean, what: string): void => {
    if (!holds) throw new FaultError(`A fault rule must have ${what}.`);
  };
  need(KINDS.includes(kind as FaultKind), `a kind, one of ${KINDS.join(', ')}`);
  need(times === undefined || times === 'always' || isCount(times), 'times that is a positive integer or "always"');
  need(match === undefined || (typeof match === 'object' && match !== null), 'a match that is an object');
  need(retryAfter === undefined || /^[ -~]+$/.test(String(retryAfter)), 'a retryAfter of printable ASCII characters');
  need(bytesPerSecond === undefined || isCount(bytesPerSecond), 'bytesPerSecond that is a positive integer');
  need(
    kind === 'pageCap' ? isCount(pageCap) : pageCap === undefined,
    'a pageCap that is a positive integer if its kind is pageCap, and none otherwise',
  );
  return rule as FaultRule;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
