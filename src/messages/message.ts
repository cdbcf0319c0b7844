import type { Pointer } from './json/pointer.ts';

export const sourceNames = ['api', 'elasticsearch', 'opensearch'] as const;

export type SourceName = (typeof sourceNames)[number];

/**
 * What a message is to the archive.
 * `closed`: it has alerts and every status is one of the closed ones; `open`: some alert has any other status, or none;
 * `unalerted`: it has no alerts; `invalid`: it cannot be read as a message.
 */
export type State = 'closed' | 'open' | 'unalerted' | 'invalid';

export type ColumnType = 'string' | 'int64' | 'double' | 'boolean' | 'timestamp';

/** A column that the user declares: the value at `pointer` of each message. */
export interface Column {
  readonly name: string;
  readonly pointer: Pointer;
  readonly type: ColumnType;
}

/** Where the parts of a message stand. */
export interface MessageShape {
  readonly id: Pointer;
  readonly timestamp: Pointer;
  /** A `*` stands for every element of a list and every member of an object. */
  readonly alerts: Pointer;
  /** Within one alert. */
  readonly alertId: Pointer;
  /** Empty where an alert is its status. */
  readonly alertStatus: Pointer;
  /** Lower case. */
  readonly closedStatuses: readonly string[];
  readonly columns: readonly Column[];
  /** The format of timestamps that do not speak for themselves, as compileTimeFormat takes it. */
  readonly timeFormat?: string | undefined;
  /** The IANA name of the time zone of timestamps without an offset; absent: UTC. */
  readonly timeZone?: string | undefined;
}
