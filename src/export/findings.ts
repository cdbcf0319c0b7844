import type { Counts } from '../archive/ledger.ts';
import { Rows } from '../archive/rows.ts';
import type { SourceName } from '../messages/message.ts';

/** A message with an open alert, to be staged. */
export interface OpenMessage {
  readonly id: string;
  readonly timestamp: bigint;
  readonly openAlerts: readonly string[];
  readonly openAlertCount: number;
  /** The first distinct statuses of these alerts, long ones truncated; '' for an alert without status. */
  readonly openStatuses?: readonly string[] | undefined;
}

/** An element that is not a valid message; its bytes are in the spool. */
export interface InvalidMessage {
  /** The SHA-256 of its bytes, in hex. */
  readonly sha: string;
  /** Undefined if it could not be read. */
  readonly id: string | undefined;
  readonly reason: string;
  readonly position: number;
  readonly length: number;
}

/** The result of a complete read of an interval. */
export interface Findings {
  /** ms since 1970: just before the first request. */
  readonly readAt: number;
  readonly source: SourceName;
  /** Their payloads are in the spool. */
  readonly closed: Rows;
  readonly open: readonly OpenMessage[];
  /** Ids of messages without alerts. */
  readonly unalerted: ReadonlySet<string>;
  readonly invalid: readonly InvalidMessage[];
  readonly counts: Counts;
  /** Messages of the requested range that belong to other slots. */
  readonly outside: number;
  /** Ids with more than one content. */
  readonly conflicting: readonly string[];
  /** Ids of messages that the source holds more than once; the hash of an invalid one without an id. */
  readonly twins: readonly string[];
  /** Bytes of JSON received. */
  readonly bytes: number;
}

/** The number of distinct statuses to count; others are omitted. */
const statusesMax = 50;

/** The number of messages with an open alert of each status, for the first statuses that occur. */
export function countStatuses(open: readonly Pick<OpenMessage, 'openStatuses'>[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const status of open.flatMap(({ openStatuses = [] }) => openStatuses)) {
    const count = counts.get(status) ?? 0;
    if (count > 0 || counts.size < statusesMax) counts.set(status, count + 1);
  }
  return counts;
}

/** Joins the findings of several intervals of one slot, in which staged messages were searched. */
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

/** Ids found in more than one interval: only a full read can tell which content to take. */
function repeated(all: readonly Findings[]): string[] {
  const found = new Set<string>();
  const foundAgain = new Set<string>();
  for (const findings of all) {
    for (const id of new Set(idsOf(findings))) (found.has(id) ? foundAgain : found).add(id);
  }
  return [...foundAgain];
}

function* idsOf({ closed, open, unalerted }: Findings): Generator<string> {
  for (let at = 0; at < closed.size; at += 1) yield closed.id(at);
  for (const { id } of open) yield id;
  yield* unalerted;
}
