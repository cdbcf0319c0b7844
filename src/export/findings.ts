import type { Counts } from '../archive/ledger.ts';
import { Rows } from '../archive/rows.ts';
import type { SourceName } from '../messages/message.ts';

/** A message with an open alert, as it is to be staged. */
export interface OpenMessage {
  readonly id: string;
  readonly timestamp: bigint;
  readonly openAlerts: readonly string[];
  readonly openAlertCount: number;
  /** The first different statuses of these alerts, cut where they are long; '' of one without status. */
  readonly openStatuses?: readonly string[] | undefined;
}

/** What could not be read as a message; its bytes lie in the spool. */
export interface InvalidMessage {
  /** Hex SHA-256 of its bytes. */
  readonly sha: string;
  /** Where it could be read. */
  readonly id: string | undefined;
  readonly reason: string;
  readonly position: number;
  readonly length: number;
}

/** What a complete reading of an interval found. */
export interface Findings {
  /** ms since 1970: just before the source was first asked. */
  readonly readAt: number;
  readonly source: SourceName;
  /** Their payloads lie in the spool. */
  readonly closed: Rows;
  readonly open: readonly OpenMessage[];
  /** Ids of messages without alerts. */
  readonly unalerted: ReadonlySet<string>;
  readonly invalid: readonly InvalidMessage[];
  readonly counts: Counts;
  /** Messages of the range asked for that belong to other slots. */
  readonly outside: number;
  /** Ids that stood for more than one content. */
  readonly conflicting: readonly string[];
  /** Ids of messages that the source holds more than once; of what is invalid and has none, the hash. */
  readonly twins: readonly string[];
  /** JSON taken in. */
  readonly bytes: number;
}

/** Different statuses that are counted; others are left out. */
const statusesMax = 50;

/** By status, how many of these messages have an open alert with it: for people, so only of the first statuses that occur. */
export function countStatuses(open: readonly Pick<OpenMessage, 'openStatuses'>[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const status of open.flatMap(({ openStatuses = [] }) => openStatuses)) {
    const count = counts.get(status) ?? 0;
    if (count > 0 || counts.size < statusesMax) counts.set(status, count + 1);
  }
  return counts;
}

/** Puts the findings of several intervals of one slot together: of the staged messages that were looked for. */
export function joinFindings(all: readonly Findings[]): Findings {
  const [first, ...rest] = all;
  if (first === undefined) throw new Error('There are no findings to join.');
  const sum = (key: keyof Counts) => all.reduce((total, { counts }) => total + counts[key], 0);
  const closed = new Rows();
  for (const findings of all) for (let at = 0; at < findings.closed.size; at += 1) closed.take(findings.closed, at);
  return {
    readAt: Math.min(first.readAt, ...rest.map(({ readAt }) => readAt)),
    source: first.source,
    closed,
    open: all.flatMap(({ open }) => open),
    unalerted: new Set(all.flatMap(({ unalerted }) => [...unalerted])),
    invalid: all.flatMap(({ invalid }) => invalid),
    counts: {
      read: sum('read'),
      closed: sum('closed'),
      open: sum('open'),
      unalerted: sum('unalerted'),
      invalid: sum('invalid'),
      duplicates: sum('duplicates'),
    },
    outside: all.reduce((total, { outside }) => total + outside, 0),
    conflicting: [...all.flatMap(({ conflicting }) => conflicting), ...repeated(all)],
    twins: all.flatMap(({ twins }) => twins),
    bytes: all.reduce((total, { bytes }) => total + bytes, 0),
  };
}

/** Ids that were found in more than one interval: only a reading of all of them tells which content holds. */
function repeated(all: readonly Findings[]): string[] {
  const found = new Set<string>();
  const again = new Set<string>();
  for (const findings of all) {
    for (const id of new Set(idsOf(findings))) (found.has(id) ? again : found).add(id);
  }
  return [...again];
}

function* idsOf({ closed, open, unalerted }: Findings): Generator<string> {
  for (let at = 0; at < closed.size; at += 1) yield closed.id(at);
  for (const { id } of open) yield id;
  yield* unalerted;
}
