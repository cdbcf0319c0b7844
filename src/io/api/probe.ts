import { formatPointer, type Pointer } from '../../messages/json/pointer.ts';
import type { MessageShape } from '../../messages/message.ts';
import type { Page } from '../../messages/page.ts';
import { everyToken } from '../../messages/shape.ts';
import { ClosedStatuses } from '../../messages/statuses.ts';
import { parseTimestamp } from '../../messages/time/timestamp.ts';
import { sayable } from '../../text/said.ts';

/** The maximum number of messages to inspect. */
const messagesMax = 50;
const namedMax = 5;
/** The minimum number of ids with several lists of alerts: one or two messages may have changed while the server paged. */
const repeatedMin = 3;
const depthMax = 4;
const valuesMax = 500;
const idName = /(?:^|[a-z_-])(?:id|guid|uuid|sid|key|no|number)$/i;
const statusName = /stat(?:us|e)|resolution|disposition/i;

/** Problems that one page reveals in the inputs that locate the parts of a message. */
export interface PageProbe {
  /** Why no message of the page can be read; absent if one can. */
  readonly failure?: string;
  /** Possible mistakes, for a person to check. */
  readonly warnings: readonly string[];
}

/** Inspects the messages of a page. Each sentence names the input to check, and what the page contains instead. */
export function probePage({ bytes, messages }: Page, shape: MessageShape): PageProbe {
  const some = messages.slice(0, messagesMax);
  if (some.length === 0) return { warnings: [] };
  const values = some.flatMap(({ start, end }) => jsonOf(bytes.subarray(start, end)) ?? []);
  const first = some.find(({ state }) => state === 'invalid');
  if (some.every(({ state }) => state === 'invalid'))
    return { failure: unreadable(first?.reason ?? '', values, shape), warnings: [] };
  const perAlert = recordsPerAlert(some, values, shape);
  if (perAlert !== undefined) return { failure: perAlert, warnings: [] };
  const alerts = values.flatMap((value) => alertsIn(value, shape));
  if (alerts.length === 0) return { warnings: [withoutAlerts(some.length, values, shape)] };
  return { warnings: statusWarnings(alerts, shape) };
}

/** Detects an API of alerts, which returns a message once for each alert, so no record shows whether all of them are closed. */
function recordsPerAlert(
  messages: Page['messages'],
  values: readonly unknown[],
  shape: MessageShape,
): string | undefined {
  if (values.length !== messages.length) return undefined;
  const alertsOf = new Map<string, Set<string>>();
  messages.forEach(({ id }, n) => {
    const alerts = JSON.stringify(alertsIn(values[n], shape));
    if (id !== undefined && alerts !== '[]') alertsOf.set(id, new Set(alertsOf.get(id)).add(alerts));
  });
  const repeated = [...alertsOf.values()].filter(({ size }) => size > 1).length;
  if (repeated < repeatedMin) return undefined;
  return `${repeated} ids appear more than once, each time with different alerts, so the API returns one record per alert instead of one per message. See docs/no-fit.md`;
}

function unreadable(reason: string, values: readonly unknown[], { id, timestamp, alerts }: MessageShape): string {
  const places = values.slice(0, 1).flatMap((value) => placesIn(value));
  const named = (found: readonly Place[], what: string) =>
    found.length === 0 ? membersOf(values[0]) : `there is ${what} at ${list(found.map(({ pointer }) => pointer))}`;
  if (/\bid\b/.test(reason)) {
    const ids = places.filter(({ pointer, value }) => idName.test(pointer.at(-1) ?? '') && isScalar(value));
    return `${reason} at ${formatPointer(id)}; ${named(ids, 'an id')}. Check \`message-id\``;
  }
  if (/time/.test(reason)) {
    const times = places.filter(({ value }) => isTime(value));
    return `${reason} at ${formatPointer(timestamp)}; ${named(times, 'a time')}. Check \`message-timestamp\` and \`message-time-format\``;
  }
  if (/alerts/.test(reason)) return `${reason} at ${formatPointer(alerts)}. Check \`message-alerts\``;
  return `${reason}; ${membersOf(values[0])}. Check \`api-messages\` and \`api-message\``;
}

function withoutAlerts(count: number, values: readonly unknown[], { alerts }: MessageShape): string {
  const lists = unique(values.flatMap((value) => placesIn(value).filter(({ value: each }) => isListOfAlerts(each))));
  const there = lists.length === 0 ? '' : `; there is a list at ${list(lists.map(({ pointer }) => pointer))}`;
  return `None of the first ${count} messages has an alert at ${formatPointer(alerts)}${there}. Check \`message-alerts\`.`;
}

function statusWarnings(alerts: readonly unknown[], { alertStatus, closedStatuses }: MessageShape): string[] {
  const closed = new ClosedStatuses(closedStatuses);
  const counts = new Map<string, number>();
  for (const alert of alerts) {
    const status = at(alert, alertStatus);
    if (!isScalar(status)) continue;
    const text = String(status);
    if (closed.hasText(text)) return [];
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  if (counts.size === 0) {
    const places = unique(
      alerts.flatMap((alert) => placesIn(alert).filter(({ pointer, value }) => isStatus(pointer, value))),
    );
    const there =
      places.length === 0 ? membersOf(alerts[0]) : `there is a status at ${list(places.map(({ pointer }) => pointer))}`;
    return [`No alert has a status at ${formatPointer(alertStatus)}; ${there}. Check \`alert-status\`.`];
  }
  const seen = [...counts].sort(([, a], [, b]) => b - a).slice(0, namedMax);
  const texts = seen.map(([status, count]) => `"${sayable(status)}" (${count})`);
  const wanted = closedStatuses.map((status) => `"${sayable(status)}"`).join(' or ');
  return [`No alert has status ${wanted}; statuses seen: ${texts.join(', ')}. Check \`closed-statuses\`.`];
}

/** A value within a message. */
interface Place {
  readonly pointer: Pointer;
  readonly value: unknown;
}

/** Returns the values within a value, outermost first. Lists are not descended into. */
function placesIn(root: unknown): Place[] {
  const found: Place[] = [];
  const queue: Place[] = [{ pointer: [], value: root }];
  for (let n = 0; n < queue.length && n < valuesMax; n += 1) {
    const { pointer, value } = queue[n]!;
    if (pointer.length > 0) found.push({ pointer, value });
    if (typeof value !== 'object' || value === null || pointer.length >= depthMax || Array.isArray(value)) continue;
    for (const [name, part] of Object.entries(value)) queue.push({ pointer: [...pointer, name], value: part });
  }
  return found;
}

function unique(places: readonly Place[]): Place[] {
  return [...new Map(places.map((place) => [formatPointer(place.pointer), place])).values()];
}

function list(pointers: readonly Pointer[]): string {
  return pointers
    .slice(0, namedMax)
    .map((pointer) => sayable(formatPointer(pointer)))
    .join(', ');
}

function membersOf(value: unknown): string {
  const names = typeof value === 'object' && value !== null ? Object.keys(value).slice(0, namedMax * 2) : [];
  return names.length === 0 ? 'it has no members' : `its members are ${names.map((name) => sayable(name)).join(', ')}`;
}

/** Returns the alerts of a message that `message-alerts` selects. */
function alertsIn(message: unknown, { alerts, alertId, alertStatus }: MessageShape): unknown[] {
  let places: unknown[] = [message];
  for (const token of alerts)
    places = places
      .flatMap((place) => (token === everyToken ? partsOf(place) : [at(place, [token])]))
      .filter((place) => place !== undefined);
  return places.flatMap((place) => {
    const isAlert = !Array.isArray(place) && [alertId, alertStatus].some((pointer) => isScalar(at(place, pointer)));
    return isAlert ? [place] : partsOf(place);
  });
}

function partsOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function at(value: unknown, pointer: Pointer): unknown {
  let found = value;
  for (const token of pointer) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, token)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[token];
  }
  return found;
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isTime(value: unknown): boolean {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  const micros = parseTimestamp(JSON.stringify(value), {});
  // A small number is unlikely to be a time.
  return micros !== undefined && micros > BigInt(Date.UTC(1990, 0)) * 1000n;
}

function isStatus(pointer: Pointer, value: unknown): boolean {
  return isScalar(value) && statusName.test(pointer.at(-1) ?? '');
}

function isListOfAlerts(value: unknown): boolean {
  return Array.isArray(value) && typeof value[0] === 'object' && value[0] !== null;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}
