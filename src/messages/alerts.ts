import { scalarText } from './columns.ts';
import { entriesOf } from './entries.ts';
import { compilePlan } from './json/captures.ts';
import { isList, isNull, isObject, type JsonRange, type JsonText, textOf } from './json/tokens.ts';
import { valueEnd } from './json/value.ts';
import { type Visitor, Walk } from './json/walk.ts';
import { AlertPart, type CompiledShape } from './shape.ts';

/** One alert; null where it has no such string, number or boolean. */
export interface Alert {
  readonly id: string | null;
  readonly status: string | null;
}

/** Of one message. One with more is invalid, before anything is kept of the others. */
export const alertsMax = 10_000;
/** How many of its open alerts a message names, each by as many characters (UTF-16 units) of its id. */
const openAlertsMax = 100;
export const openAlertCharsMax = 256;
/** How many different statuses of its open alerts a message names, each by as many characters (UTF-16 units). */
const openStatusesMax = 10;
export const statusShownCharsMax = 64;

/** Why a message's alerts cannot be read. */
export type AlertsProblem =
  | 'alerts that are neither a list nor an object'
  | 'more than 10000 alerts'
  | 'more than 10000 places to look for alerts in';

/** Reads a message's alerts, one after the other. */
interface AlertVisitor extends Visitor {
  /** Alerts so far, and how many there may be. */
  readonly count: number;
  readonly max: number;
  /** @param key the name under which the alert stands, where it does */
  visit(start: number, depth: number, key?: string): number;
}

/** Visits the alerts of one message: counts them, and names the open ones. */
export class AlertTally implements AlertVisitor {
  readonly max = alertsMax;
  count = 0;
  openCount = 0;
  openIds: string[] = [];
  openStatuses: string[] = [];
  private readonly text: JsonText;
  private readonly compiled: CompiledShape;

  constructor(text: JsonText, compiled: CompiledShape) {
    this.text = text;
    this.compiled = compiled;
  }

  visit(start: number, depth: number, key?: string): number {
    this.count += 1;
    if (this.count > this.max) return valueEnd(this.text, start, depth);
    const { end, alert, isClosed } = readAlert(this.text, start, depth, this.compiled, key);
    if (isClosed) return end;
    this.openCount += 1;
    if (this.openIds.length < openAlertsMax) this.openIds.push(cut(alert.id ?? '', openAlertCharsMax));
    if (this.openStatuses.length < openStatusesMax) this.note(cut(alert.status ?? '', statusShownCharsMax));
    return end;
  }

  forget(): void {
    this.count = 0;
    this.openCount = 0;
    this.openIds = [];
    this.openStatuses = [];
  }

  private note(status: string): void {
    if (!this.openStatuses.includes(status)) this.openStatuses.push(status);
  }
}

/** Visits the alerts of one closed message: lists them. What was archived before there was a limit stays readable. */
export class AlertList implements AlertVisitor {
  readonly max = Number.POSITIVE_INFINITY;
  readonly alerts: Alert[] = [];
  openCount = 0;
  private readonly text: JsonText;
  private readonly compiled: CompiledShape;

  constructor(text: JsonText, compiled: CompiledShape) {
    this.text = text;
    this.compiled = compiled;
  }

  get count(): number {
    return this.alerts.length;
  }

  visit(start: number, depth: number, key?: string): number {
    const { end, alert, isClosed } = readAlert(this.text, start, depth, this.compiled, key);
    this.alerts.push(alert);
    if (!isClosed) this.openCount += 1;
    return end;
  }

  forget(): void {
    this.alerts.length = 0;
    this.openCount = 0;
  }
}

/** Visits the alerts of one message: hands over each as JSON.parse reads it. */
export class AlertValues implements AlertVisitor {
  readonly max = alertsMax;
  count = 0;
  values: unknown[] = [];
  private readonly text: JsonText;

  constructor(text: JsonText) {
    this.text = text;
  }

  visit(start: number, depth: number): number {
    const end = valueEnd(this.text, start, depth);
    this.count += 1;
    if (this.count <= this.max) this.values.push(JSON.parse(textOf({ bytes: this.text.bytes, start, end })));
    return end;
  }

  forget(): void {
    this.count = 0;
    this.values = [];
  }
}

/** The plan of a list whose elements are visited. */
const everyElement = compilePlan([], { pointer: [], what: 'elements' });

/**
 * Has the visitor read the alerts that the walk over a valid message has not met: the walk visits the elements of a list
 * at a pointer without `*`. Null, `{}` and nothing at all are no alerts; an object is one alert where it has a string,
 * a number, a boolean or null at alert-id or alert-status, else each of its members is one, keyed by its id.
 * @param found what the walk captured: the alerts, or what stands where the first `*` of their pointer looks into
 */
export function gatherAlerts(
  text: JsonText,
  found: JsonRange | undefined,
  compiled: CompiledShape,
  visitor: AlertVisitor,
): AlertsProblem | undefined {
  if (found === undefined) return undefined;
  const isVisited = compiled.alertSteps.length === 0 && isList(found);
  const problem = isVisited ? undefined : gather(text, found, compiled, visitor);
  return problem ?? (visitor.count > visitor.max ? 'more than 10000 alerts' : undefined);
}

function gather(
  text: JsonText,
  found: JsonRange,
  compiled: CompiledShape,
  visitor: AlertVisitor,
): AlertsProblem | undefined {
  let places: JsonRange[] = [found];
  for (const step of compiled.alertSteps) {
    const next: JsonRange[] = [];
    let looked = 0;
    for (const place of places) {
      const entries = entriesOf(text, place, visitor.max - looked);
      if (entries === undefined) return 'more than 10000 places to look for alerts in';
      looked += entries.length;
      for (const { value } of entries) {
        const walk = new Walk(text, step);
        walk.run(value.start);
        const captured = walk.captured(0);
        if (captured !== undefined) next.push(captured);
      }
    }
    places = next;
  }
  for (const place of places) {
    const problem = visitPlace(text, place, compiled, visitor);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function visitPlace(
  text: JsonText,
  place: JsonRange,
  compiled: CompiledShape,
  visitor: AlertVisitor,
): AlertsProblem | undefined {
  if (isNull(place)) return undefined;
  if (isList(place)) {
    new Walk(text, everyElement, visitor).run(place.start);
    return undefined;
  }
  // Where an alert is its status, so may be what stands in the place of the list.
  const isOne = isObject(place) ? isOneAlert(text, place, compiled) : compiled.shape.alertStatus.length === 0;
  if (isOne) {
    visitor.visit(place.start, 0);
    return undefined;
  }
  if (!isObject(place)) return 'alerts that are neither a list nor an object';
  const entries = entriesOf(text, place, visitor.max);
  if (entries === undefined) return 'more than 10000 alerts';
  for (const { name, value } of entries) visitor.visit(value.start, 0, name);
  return undefined;
}

function isOneAlert(text: JsonText, value: JsonRange, compiled: CompiledShape): boolean {
  // Where an alert is its status, an object is none.
  if (compiled.shape.alertStatus.length === 0) return false;
  const walk = new Walk(text, compiled.alert);
  walk.run(value.start);
  return [walk.captured(AlertPart.id), walk.captured(AlertPart.status)].some(
    (part) => part !== undefined && !isObject(part) && !isList(part),
  );
}

/** An element of the list that is no object is an alert without id and status, unless an alert is its status. */
function readAlert(text: JsonText, start: number, depth: number, compiled: CompiledShape, key: string | undefined) {
  const walk = new Walk(text, compiled.alert, undefined, depth);
  const end = walk.run(start);
  const isAlert = isObject({ bytes: text.bytes, start, end });
  const idPart = isAlert ? walk.captured(AlertPart.id) : undefined;
  const statusPart = isAlert || compiled.shape.alertStatus.length === 0 ? walk.captured(AlertPart.status) : undefined;
  const id = (idPart && scalarText(idPart)) ?? key?.toWellFormed() ?? null;
  const status = (statusPart && scalarText(statusPart)) ?? null;
  const isClosed = statusPart !== undefined && status !== null && compiled.closedStatuses.has(statusPart, status);
  return { end, alert: { id, status } satisfies Alert, isClosed };
}

function cut(text: string, charsMax: number): string {
  return text.slice(0, charsMax).toWellFormed();
}
