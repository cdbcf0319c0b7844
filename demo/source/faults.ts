import { Refusal } from './refusal.ts';

/** What a source can do wrong to one request. */
export type FaultKind = (typeof KINDS)[number];

/** A fault, and the requests for pages that it hits: the next `times` ones that match. */
export interface FaultRule {
  readonly kind: FaultKind;
  /** 1 where it is left out; `always`: until the rules are replaced. */
  readonly times?: number | 'always';
  /** Query parameters, such as page_number, that a request must have. */
  readonly match?: Readonly<Record<string, string | number>>;
  /** Of an answer with a status: its `Retry-After`, in seconds or as a date. */
  readonly retryAfter?: string | number;
  /** Of `slow`. */
  readonly bytesPerSecond?: number;
  /** Of `pageCap`: the most messages of a page. */
  readonly pageCap?: number;
}

/** A fault that hits a request; `left`: how many times it can still occur, this one included. */
export interface Fault extends FaultRule {
  readonly left: number;
}

/** Rules that cannot be used: the message is one sentence that says why. */
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

/** The faults that are still to come. */
export class Faults {
  #rules: { rule: FaultRule; left: number; hits: number }[] = [];

  /**
   * Replaces the rules.
   * @throws FaultError where they are no list of rules
   */
  replace(rules: unknown): void {
    if (!Array.isArray(rules)) throw new FaultError('Faults must be a list of rules.');
    this.#rules = rules.map((rule) => ({ rule: readRule(rule), left: timesOf(rule), hits: 0 }));
  }

  /**
   * The first rule that makes a request fail: an answer with a status, a body that does not come whole, or bad JSON.
   * A request has one failure at most, so that rules of this kind follow one another.
   */
  failure(query: URLSearchParams): Fault | undefined {
    return this.#take(query, FAILURES);
  }

  /** The first rule of a kind that changes what a page holds; a request can have one of each. */
  shape(kind: (typeof SHAPES)[number], query: URLSearchParams): Fault | undefined {
    return this.#take(query, [kind]);
  }

  #take(query: URLSearchParams, kinds: readonly FaultKind[]): Fault | undefined {
    const found = this.#rules.find(({ rule, left }) => left > 0 && kinds.includes(rule.kind) && matches(rule, query));
    if (!found) return undefined;
    // A drift that never ends still has to change from one request to the next.
    const left = found.left === Infinity ? 1 + (found.hits % DRIFT_ALWAYS_MAX) : found.left;
    found.left--;
    found.hits++;
    return { ...found.rule, left };
  }
}

/** How fast the body of a `slow` answer is sent. */
export function bytesPerSecondOf(fault: FaultRule): number {
  return fault.bytesPerSecond ?? BYTES_PER_SECOND;
}

/** The answer of a fault that answers with a status; undefined for one that answers with a page. */
export function refusalOf({ kind, retryAfter }: FaultRule): Refusal | undefined {
  if (!/^\d{3}$/.test(kind)) return undefined;
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return new Refusal(Number(kind), `The source was told to answer ${kind}.`, headers);
}

function matches({ match }: FaultRule, query: URLSearchParams): boolean {
  return Object.entries(match ?? {}).every(([name, value]) => query.get(name) === String(value));
}

function timesOf({ times }: FaultRule): number {
  return times === 'always' ? Infinity : (times ?? 1);
}

function readRule(rule: unknown): FaultRule {
  if (typeof rule !== 'object' || rule === null) throw new FaultError('A fault must be an object.');
  const { kind, times, match, retryAfter, bytesPerSecond, pageCap } = rule as Record<string, unknown>;
  const need = (holds: boolean, what: string): void => {
    if (!holds) throw new FaultError(`A fault must have ${what}.`);
  };
  need(KINDS.includes(kind as FaultKind), `a kind that is one of ${KINDS.join(', ')}`);
  need(
    times === undefined || times === 'always' || isCount(times),
    'times that are a whole number from 1 on, or always',
  );
  need(match === undefined || (typeof match === 'object' && match !== null), 'a match that is an object');
  need(retryAfter === undefined || /^[ -~]+$/.test(String(retryAfter)), 'a retryAfter of visible ASCII characters');
  need(bytesPerSecond === undefined || isCount(bytesPerSecond), 'bytesPerSecond that are a whole number from 1 on');
  need(
    kind === 'pageCap' ? isCount(pageCap) : pageCap === undefined,
    'a pageCap, from 1 on, just where its kind is pageCap',
  );
  return rule as FaultRule;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
