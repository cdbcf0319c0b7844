import { compilePlan, type Plan } from './json/captures.ts';
import type { Pointer } from './json/pointer.ts';
import type { MessageShape } from './message.ts';
import { ClosedStatuses } from './statuses.ts';
import { compileTimeFormat } from './time/pattern.ts';
import type { TimeRules } from './time/timestamp.ts';

/** A message's shape, made ready for reading many messages. */
export interface CompiledShape {
  readonly shape: MessageShape;
  /** Captures the {@link Part}s; visits each alert of a list, unless their pointer has a `*`. */
  readonly message: Plan;
  /** The same, and the declared columns in their order from slot {@link firstColumn} on. */
  readonly row: Plan;
  /** Captures the {@link AlertPart}s of one alert. */
  readonly alert: Plan;
  /** For each `*` of the alerts' pointer, what to capture in slot 0 of every element or member that it stands for. */
  readonly alertSteps: readonly Plan[];
  readonly closedStatuses: ClosedStatuses;
  readonly timeRules: TimeRules;
}

/** Slots of what is captured of a message: of the alerts, what stands before the first `*` of their pointer. */
export const Part = { id: 0, timestamp: 1, alerts: 2 } as const;
/** Slots of what is captured of an alert. */
export const AlertPart = { id: 0, status: 1 } as const;
export const firstColumn = 3;

/** The token of the alerts' pointer that stands for every element of a list and every member of an object. */
export const everyToken = '*';

/** Makes a shape ready for reading: once for any number of messages. */
export function compileShape(shape: MessageShape): CompiledShape {
  const [first = [], ...others] = splitAtEvery(shape.alerts);
  const parts = [shape.id, shape.timestamp, first];
  const alerts = others.length === 0 ? ({ pointer: first, what: 'elements' } as const) : undefined;
  return {
    shape,
    message: compilePlan(parts, alerts),
    row: compilePlan([...parts, ...shape.columns.map((column) => column.pointer)], alerts),
    alert: compilePlan([shape.alertId, shape.alertStatus]),
    alertSteps: others.map((pointer) => compilePlan([pointer])),
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
    // Times without an offset are UTC without a rule, and read faster so.
    ...(timeZone !== undefined && timeZone !== 'UTC' && { zone: timeZone }),
  };
}
