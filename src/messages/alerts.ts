import { scalarText } from './columns.ts';
import { type Visitor, Walk } from './json.ts';
import { AlertPart, type CompiledShape } from './shape.ts';
import { isObject, type JsonRange, type JsonText } from './tokens.ts';

/** One alert; null where it has no such string, number or boolean. */
export interface Alert {
  readonly id: string | null;
  readonly status: string | null;
}

/** How many of its open alerts a message names, each by as many characters (UTF-16 units) of its id. */
const openAlertsMax = 100;
export const openAlertCharsMax = 256;

/** Whether its status is one of the closed ones, in upper or lower case. */
export function isClosed({ status }: Alert, compiled: CompiledShape): boolean {
  return status !== null && compiled.closedStatuses.has(status.toLowerCase());
}

/** Visits the alerts of one message: counts them, and names the open ones. */
export class AlertTally implements Visitor {
  count = 0;
  openCount = 0;
  openIds: string[] = [];
  private readonly text: JsonText;
  private readonly compiled: CompiledShape;

  constructor(text: JsonText, compiled: CompiledShape) {
    this.text = text;
    this.compiled = compiled;
  }

  visit(start: number, depth: number): number {
    const { end, alert } = readAlert(this.text, start, depth, this.compiled);
    this.count += 1;
    if (isClosed(alert, this.compiled)) return end;
    this.openCount += 1;
    if (this.openIds.length < openAlertsMax) this.openIds.push(shortId(alert));
    return end;
  }

  forget(): void {
    this.count = 0;
    this.openCount = 0;
    this.openIds = [];
  }
}

/** Visits the alerts of one message: lists them. */
export class AlertList implements Visitor {
  readonly alerts: Alert[] = [];
  private readonly text: JsonText;
  private readonly compiled: CompiledShape;

  constructor(text: JsonText, compiled: CompiledShape) {
    this.text = text;
    this.compiled = compiled;
  }

  visit(start: number, depth: number): number {
    const { end, alert } = readAlert(this.text, start, depth, this.compiled);
    this.alerts.push(alert);
    return end;
  }

  forget(): void {
    this.alerts.length = 0;
  }
}

/** An element of the list that is no object is an alert without id and status. */
function readAlert(text: JsonText, start: number, depth: number, compiled: CompiledShape) {
  const walk = new Walk(text, compiled.alert, undefined, depth);
  const end = walk.run(start);
  const isAlert = isObject({ bytes: text.bytes, start, end });
  const part = (value: JsonRange | undefined) => (isAlert && value !== undefined ? scalarText(value) : null);
  const alert: Alert = { id: part(walk.captured(AlertPart.id)), status: part(walk.captured(AlertPart.status)) };
  return { end, alert };
}

function shortId({ id }: Alert): string {
  return (id ?? '').slice(0, openAlertCharsMax).toWellFormed();
}
