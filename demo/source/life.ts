import { Random, unit } from './random.ts';

/** The state of a message as of an instant, as an archive sees it. */
export type State = 'closed' | 'open' | 'unalerted' | 'invalid';

/** A permanent defect of a message: no id, an id that is not valid Unicode, alerts that are neither a list nor an object, or an invalid timestamp. */
export type Flaw = 'noId' | 'surrogateId' | 'alertsNotReadable' | 'badTimestamp';

/** Representation of a message without alerts. */
export type Bare = 'empty' | 'absent' | 'null';

/** A message is visible at instants of [arrival, gone), in ms since 1970. */
export interface Visibility {
  readonly arrival: number;
  readonly gone: number;
}

/** The history of a message; instants in ms since 1970. */
export interface Life extends Visibility {
  /** Its content changes then; Infinity means never. */
  readonly amended: number;
  readonly flaw: Flaw | undefined;
  readonly bare: Bare;
  readonly alerts: readonly AlertLife[];
}

/** The history of an alert; the first change opens it. */
export interface AlertLife {
  readonly id: string;
  readonly policy: string;
  readonly changes: readonly Change[];
}

/** An alert's status from an instant on; undefined if the alert has no status. */
export interface Change {
  readonly at: number;
  readonly status: string | undefined;
}

const SALT = { arrival: 11, gone: 12, amended: 13, flaw: 14, delay: 15, alerts: 16 };
const SHARE = { late: 0.01, gone: 0.004, amended: 0.01, flaw: 0.004, statusless: 0.002 };
const UNALERTED_SHARE = 0.12;
const NEVER_CLOSED_SHARE = 0.002;
const REOPENED_SHARE = 0.03;
const REVIEWED_SHARE = 0.3;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const FLAWS: readonly Flaw[] = ['noId', 'surrogateId', 'alertsNotReadable', 'badTimestamp'];
const BARES: readonly Bare[] = ['empty', 'empty', 'absent', 'null'];
const POLICIES: readonly string[] = [
  'market-abuse',
  'insider-information',
  'gifts-and-entertainment',
  'off-channel',
  'data-leak',
  'conduct',
  'conflict-of-interest',
  'sanctions',
];

/** Multipliers for the frequency of late, amended, invalid and other odd messages, and of deletions. */
export interface Rates {
  readonly oddities: number;
  readonly deletions: number;
}

/** Returns the visibility of message `index` with a timestamp in µs since 1970: the cheap part of {@link lifeOf}. */
export function visibilityOf(seed: number, index: number, us: number, { oddities, deletions }: Rates): Visibility {
  const delay = (share: number, salt: number, least: number, most: number): number | undefined =>
    unit(seed, index, salt) < share
      ? Math.round(new Random(seed, index, SALT.delay + salt).magnitude(least, most))
      : undefined;
  const sent = Math.ceil(us / 1_000);
  const arrival = sent + (delay(SHARE.late * oddities, SALT.arrival, DAY_MS, 200 * DAY_MS) ?? 0);
  return { arrival, gone: arrival + (delay(SHARE.gone * deletions, SALT.gone, 5 * DAY_MS, 500 * DAY_MS) ?? Infinity) };
}

/** Returns the history of message `index` with a timestamp in µs since 1970; it depends on the arguments only. */
export function lifeOf(seed: number, index: number, us: number, rates: Rates): Life {
  const { oddities } = rates;
  const { arrival, gone } = visibilityOf(seed, index, us, rates);
  const random = new Random(seed, index, SALT.alerts);
  const amended = unit(seed, index, SALT.amended) < SHARE.amended * oddities;
  const flaw = unit(seed, index, SALT.flaw) < SHARE.flaw * oddities ? random.pick(FLAWS) : undefined;
  const count = random.chance(UNALERTED_SHARE) ? 0 : alertCount(random);
  return {
    arrival,
    gone,
    flaw,
    amended: amended ? arrival + Math.round(random.magnitude(DAY_MS, 400 * DAY_MS)) : Infinity,
    bare: random.pick(BARES),
    alerts: Array.from({ length: count }, () => alertLife(random, arrival, oddities)),
  };
}

/** True if a message is visible as of an instant, in ms since 1970. */
export function isVisible({ arrival, gone }: Visibility, asOf: number): boolean {
  return arrival <= asOf && asOf < gone;
}

/** Returns the state of a message as of an instant at which it is visible. */
export function stateAt(life: Life, asOf: number): State {
  if (life.flaw) return 'invalid';
  const alerts = life.alerts.filter((alert) => statusAt(alert, asOf));
  if (alerts.length === 0) return 'unalerted';
  return alerts.every((alert) => statusAt(alert, asOf)?.status?.toLowerCase() === 'closed') ? 'closed' : 'open';
}

/** Returns the last change of an alert up to an instant; undefined before it is opened. */
export function statusAt(alert: AlertLife, asOf: number): Change | undefined {
  return alert.changes.findLast((change) => change.at <= asOf);
}

/** Mostly 1 to 3. */
function alertCount(random: Random): number {
  const draw = random.next();
  if (draw < 0.55) return 1;
  if (draw < 0.82) return 2;
  return draw < 0.95 ? 3 : random.between(4, 9);
}

/** Opened minutes to days (rarely months) after the message arrived; closed days to months later, rarely never. */
function alertLife(random: Random, arrival: number, oddities: number): AlertLife {
  const id = `ALR-${random.hex(12)}`;
  const policy = random.pick(POLICIES);
  let at = arrival + Math.round(random.magnitude(2 * MINUTE_MS, random.chance(0.02) ? 200 * DAY_MS : 4 * DAY_MS));
  if (random.chance(SHARE.statusless * oddities)) return { id, policy, changes: [{ at, status: undefined }] };
  const changes: Change[] = [{ at, status: 'open' }];
  const later = (leastDays: number, mostDays: number, status: string): void => {
    at += Math.round(random.magnitude(leastDays * DAY_MS, mostDays * DAY_MS));
    changes.push({ at, status });
  };
  if (random.chance(REVIEWED_SHARE)) later(0.1, 10, random.pick(['in_review', 'escalated', 'pending']));
  if (random.chance(NEVER_CLOSED_SHARE)) return { id, policy, changes };
  const closed = random.chance(0.03) ? random.pick(['Closed', 'CLOSED']) : 'closed';
  later(0.5, 120, closed);
  if (random.chance(REOPENED_SHARE)) {
    later(1, 200, 'open');
    later(0.5, 40, closed);
  }
  return { id, policy, changes };
}
