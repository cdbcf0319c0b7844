import type { MessageShape } from './message.ts';
import { compilePlan, type Plan } from './plan.ts';

/** A message's shape, made ready for reading many messages. */
export interface CompiledShape {
  readonly shape: MessageShape;
  /** Captures the {@link Part}s; visits each alert. */
  readonly message: Plan;
  /** The same, and the declared columns in their order from slot {@link firstColumn} on. */
  readonly row: Plan;
  /** Captures the {@link AlertPart}s of one alert. */
  readonly alert: Plan;
  /** Lower case. */
  readonly closedStatuses: ReadonlySet<string>;
}

/** Slots of what is captured of a message. */
export const Part = { id: 0, timestamp: 1, alerts: 2 } as const;
/** Slots of what is captured of an alert. */
export const AlertPart = { id: 0, status: 1 } as const;
export const firstColumn = 3;

/** Makes a shape ready for reading: once for any number of messages. */
export function compileShape(shape: MessageShape): CompiledShape {
  const parts = [shape.id, shape.timestamp, shape.alerts];
  const alerts = { pointer: shape.alerts, what: 'elements' } as const;
  return {
    shape,
    message: compilePlan(parts, alerts),
    row: compilePlan([...parts, ...shape.columns.map((column) => column.pointer)], alerts),
    alert: compilePlan([shape.alertId, shape.alertStatus]),
    closedStatuses: new Set(shape.closedStatuses),
  };
}
