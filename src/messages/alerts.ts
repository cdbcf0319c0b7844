import { scalarText } from './columns.ts';
import { entriesOf } from './entries.ts';
import { compileCaptures } from './json/captures.ts';
import { isList, isNull, isObject, type JsonRange, type JsonText, textOf } from './json/tokens.ts';
import { valueEnd } from './json/value.ts';
import { type Visitor, Walk } from './json/walk.ts';
import { AlertPart, type CompiledShape } from './shape.ts';

/** The id and status of one alert; null unless the value is a string, number or boolean. */
export interface Alert {
  readonly id: string | null;
  readonly status: string | null;
}

/** Alerts of one message. A message with more is invalid, and the rest are not kept in memory. */
export const alertsMax = 10_000;
/** Open alerts that are listed by id. */
const openAlertsMax = 100;
/** UTF-16 units of each listed id. */
export const openAlertCharsMax = 256;
/** Distinct statuses of open alerts that are listed. */
const openStatusesMax = 10;
/** UTF-16 units of each listed status. */
const statusCharsMax = 64;

/** Reasons why the alerts of a message cannot be read. */
export type AlertsProblem =
  | 'alerts are neither a list nor an object'
  | 'more than 10000 alerts'
  | 'more than 10000 elements to search for alerts';

/** Visits the alerts of a message in order. */
interface AlertVisitor extends Visitor {
  /** Alerts visited so far. */
  readonly count: number;
  /** Alerts allowed. */
  readonly max: number;
  /** @param key the alert's member name, when the alerts are the members of an object */
  visit(start: number, depth: number, key?: string): number;
}

/** Counts the alerts of one message and lists the open ones. */
export class AlertTally implements AlertVisitor {
  readonly max = alertsMax;
  count = 0;
  openCount = 0;
  openIds: string[] = [];
  openStatuses: string[] = [];
  readonly #text: JsonText;
  readonly #compiled: CompiledShape;

  constructor(text: JsonText, compiled: CompiledShape) {
    this.#text = text;
    this.#compiled = compiled;
  }

  visit(start: number, depth: number, key?: string): number {
    this.count += 1;
    if (this.count > this.max) return valueEnd(this.#text, start, depth);
    const { end, alert, isClosed } = readAlert({ text: this.#text, start, depth, key }, this.#compiled);
    if (isClosed) return end;
    this.openCount += 1;
    if (this.openIds.length < openAlertsMax) this.openIds.push(cut(alert.id ?? '', openAlertCharsMax));
    if (this.openStatuses.length < openStatusesMax) this.#note(cut(alert.status ?? '', statusCharsMax));
    return end;
  }

  forget(): void {
    this.count = 0;
    this.openCount = 0;
    this.openIds = [];
    this.openStatuses = [];
  }

  #note(status: string): void {
    if (!this.openStatuses.includes(status)) this.openStatuses.push(status);
  }
}

/** Lists the alerts of one closed message. Without a limit, so that messages archived before the limit existed stay readable. */
export class AlertList implements AlertVisitor {
  readonly max = Number.POSITIVE_INFINITY;
  readonly alerts: Alert[] = [];
  openCount = 0;
  readonly #text: JsonText;
  readonly #compiled: CompiledShape;

  constructor(text: JsonText, compiled: CompiledShape) {
    this.#text = text;
    this.#compiled = compiled;
  }

  get count(): number {
    return this.alerts.length;
  }

  visit(start: number, depth: number, key?: string): number {
    const { end, alert, isClosed } = readAlert({ text: this.#text, start, depth, key }, this.#compiled);
    this.alerts.push(alert);
    if (!isClosed) this.openCount += 1;
    return end;
  }

  forget(): void {
    this.alerts.length = 0;
    this.openCount = 0;
  }
}

/** Collects the alerts of one message as JSON.parse reads them. */
export class AlertValues implements AlertVisitor {
  readonly max = alertsMax;
  count = 0;
  values: unknown[] = [];
  readonly #text: JsonText;

  constructor(text: JsonText) {
    this.#text = text;
  }

  visit(start: number, depth: number): number {
    const end = valueEnd(this.#text, start, depth);
    this.count += 1;
    if (this.count <= this.max) this.values.push(JSON.parse(textOf({ bytes: this.#text.bytes, start, end })));
    return end;
  }

  forget(): void {
    this.count = 0;
    this.values = [];
  }
}

/** Visits each element of a list and captures nothing. */
const everyElement = compileCaptures([], { pointer: [], what: 'elements' });

/**
 * Passes to the visitor the alerts that the walk over a valid message has not visited already; the walk itself visits the
 * elements of a list at a pointer without `*`. Null, `{}` and a missing value mean no alerts. An object is one alert if it
 * has a string, number, boolean or null at alert-id or alert-status; otherwise each member is an alert, keyed by its id.
 * @param found the captured alerts, or the captured container that the first `*` of their pointer expands
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
  let containers: JsonRange[] = [found];
  for (const step of compiled.alertSteps) {
    const next: JsonRange[] = [];
    let searched = 0;
    for (const container of containers) {
      const entries = entriesOf(text, container, visitor.max - searched);
      if (entries === undefined) return 'more than 10000 elements to search for alerts';
      searched += entries.length;
      for (const { value } of entries) {
        const walk = new Walk(text, step);
        walk.run(value.start);
        const captured = walk.captured(0);
        if (captured !== undefined) next.push(captured);
      }
    }
    containers = next;
  }
  for (const container of containers) {
    const problem = visitAlerts(text, container, compiled, visitor);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function visitAlerts(
  text: JsonText,
  alerts: JsonRange,
  compiled: CompiledShape,
  visitor: AlertVisitor,
): AlertsProblem | undefined {
  if (isNull(alerts)) return undefined;
  if (isList(alerts)) {
    new Walk(text, everyElement, visitor).run(alerts.start);
    return undefined;
  }
  // If alerts are plain statuses, a single status may replace the list.
  const isOne = isObject(alerts) ? isOneAlert(text, alerts, compiled) : compiled.shape.alertStatus.length === 0;
  if (isOne) {
    visitor.visit(alerts.start, 0);
    return undefined;
  }
  if (!isObject(alerts)) return 'alerts are neither a list nor an object';
  const entries = entriesOf(text, alerts, visitor.max);
  if (entries === undefined) return 'more than 10000 alerts';
  for (const { name, value } of entries) visitor.visit(value.start, 0, name);
  return undefined;
}

function isOneAlert(text: JsonText, value: JsonRange, compiled: CompiledShape): boolean {
  // If alerts are plain statuses, an object is not an alert.
  if (compiled.shape.alertStatus.length === 0) return false;
  const walk = new Walk(text, compiled.alert);
  walk.run(value.start);
  return [walk.captured(AlertPart.id), walk.captured(AlertPart.status)].some(
    (part) => part !== undefined && !isObject(part) && !isList(part),
  );
}

interface AlertText {
  readonly text: JsonText;
  readonly start: number;
  readonly depth: number;
  readonly key: string | undefined;
}

/** An alert that is not an object has neither id nor status, unless alerts are plain statuses. */
function readAlert({ text, start, depth, key }: AlertText, compiled: CompiledShape) {
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
