import type { Pointer } from './json/pointer.ts';

/** Every source, by the name that is stored with each row. Code that must handle each one uses `Record<SourceName, …>`. */
export const sourceNames = ['api', 'elasticsearch', 'opensearch'] as const;

export type SourceName = (typeof sourceNames)[number];

/**
 * The state of a message.
 * `closed`: it has alerts, all with a closed status; `open`: at least one alert has another status or none;
 * `unalerted`: it has no alerts; `invalid`: it cannot be read as a message.
 */
export type State = 'closed' | 'open' | 'unalerted' | 'invalid';

export type ColumnType = 'string' | 'int64' | 'double' | 'boolean' | 'timestamp';

/** A user-declared column: the value at `pointer` in each message. */
export interface Column {
  readonly name: string;
  readonly pointer: Pointer;
  readonly type: ColumnType;
}

/** Pointers to the parts of a message. */
export interface MessageShape {
  readonly id: Pointer;
  readonly timestamp: Pointer;
  /** `*` matches every element of a list and every member of an object. */
  readonly alerts: Pointer;
  /** Relative to an alert. */
  readonly alertId: Pointer;
  /** Relative to an alert; empty if the alert itself is the status. */
  readonly alertStatus: Pointer;
  /** Lower case. */
  readonly closedStatuses: readonly string[];
  readonly columns: readonly Column[];
  /** Format of timestamps that are not self-describing; see `compileTimeFormat`. */
  readonly timeFormat?: string | undefined;
  /** IANA time zone of timestamps without an offset. Default: UTC. */
  readonly timeZone?: string | undefined;
}
