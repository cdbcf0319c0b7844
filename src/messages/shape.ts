import { type Captures, compileCaptures } from './json/captures.ts';
import type { Pointer } from './json/pointer.ts';
import type { MessageShape } from './message.ts';
import { ClosedStatuses } from './statuses.ts';
import { compileTimeFormat } from './time/pattern.ts';
import type { TimeRules } from './time/timestamp.ts';

/** A message shape, compiled once to read many messages. */
export interface CompiledShape {
  readonly shape: MessageShape;
  /** Captures the {@link Part}s and visits the alerts of a list, unless the alerts pointer contains `*`. */
  readonly message: Captures;
  /** The same, plus the declared columns in order from index {@link firstColumn}. */
  readonly row: Captures;
  /** Captures the {@link AlertPart}s of one alert. */
  readonly alert: Captures;
  /** For each `*` of the alerts pointer: the capture, at index 0, within each element or member that it matches. */
  readonly alertSteps: readonly Captures[];
  readonly closedStatuses: ClosedStatuses;
  readonly timeRules: TimeRules;
}

/** Capture indices of a message. `alerts` is the value at the part of the alerts pointer before its first `*`. */
export const Part = { id: 0, timestamp: 1, alerts: 2 } as const;
/** Capture indices of an alert. */
export const AlertPart = { id: 0, status: 1 } as const;
export const firstColumn = 3;

/** The token of the alerts pointer that matches every element of a list and every member of an object. */
export const everyToken = '*';

export function compileShape(shape: MessageShape): CompiledShape {
  const [first = [], ...others] = splitAtEvery(shape.alerts);
  const parts = [shape.id, shape.timestamp, first];
  const alerts = others.length === 0 ? ({ pointer: first, what: 'elements' } as const) : undefined;
  return {
    shape,
    message: compileCaptures(parts, alerts),
    row: compileCaptures([...parts, ...shape.columns.map((column) => column.pointer)], alerts),
    alert: compileCaptures([shape.alertId, shape.alertStatus]),
    alertSteps: others.map((pointer) => compileCaptures([pointer])),
    closedStatuses: new ClosedStatuses(shape.closedStatuses),
    timeRules: compileTimeRules(shape),
  };
}

function splitAtEvery(pointer: Pointer): Pointer[] {
  const at = pointer.indexOf(everyToken);
  return at < 0 ? [pointer] : [pointer.slice(0, at), ...splitAtEvery(pointer.slice(at + 1))];
}

function compileTimeRules({ timeFormat, timeZone }: MessageShape): TimeRules {
  return {
    ...(timeFormat !== undefined && { format: compileTimeFormat(timeFormat) }),
    // UTC is the default, and faster without a rule.
    ...(timeZone !== undefined && timeZone !== 'UTC' && { zone: timeZone }),
  };
}
