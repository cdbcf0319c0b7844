import * as v from 'valibot';
import type { ErrorCode } from '../errors.ts';
import { sourceNames } from '../messages/message.ts';
import { parseCompactInstant } from '../windows/interval.ts';
import type { ArchiveState, DamagedItem, LedgerRecord, SourceRecord, StagedMessage } from './ledger.ts';

// The members of stored items, checked when they are read: another program, a restored backup or a person may have changed
// them. Members that this version does not know are kept.

/** A run only writes revisions from 1 to this; a store lets the next write replace any other. */
export const revisionMax = 1e15;
/** The years 0001 to 9999, in µs since 1970. */
const [timestampMin, timestampMax] = [-62_135_596_800_000_000n, 253_402_300_799_999_999n];

const text = v.pipe(v.string(), v.nonEmpty());
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const instant = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  v.check((value) => !Number.isNaN(Date.parse(value))),
);
const timestamp = v.pipe(
  v.string(),
  v.regex(/^-?\d{1,18}$/),
  v.check((value) => BigInt(value) >= timestampMin && BigInt(value) <= timestampMax),
);
const slot = v.pipe(
  v.string(),
  v.check((value) => {
    const [start = '', end = '', ...others] = value.split('-');
    const [from, to] = [parseCompactInstant(start), parseCompactInstant(end)];
    return others.length === 0 && from !== undefined && to !== undefined && from < to;
  }),
);
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const revision = v.pipe(v.number(), v.minValue(1), v.maxValue(revisionMax));
const reasons = v.array(v.looseObject({ reason: v.string(), count }));
const error = v.looseObject({
  at: instant,
  // A newer version may have other codes.
  code: v.string() as unknown as v.GenericSchema<unknown, ErrorCode>,
  message: v.string(),
  run_url: v.exactOptional(v.string()),
});

const ledgerRecord = v.looseObject({
  slot,
  revision,
  read_at: v.exactOptional(instant),
  rechecked_at: v.exactOptional(instant),
  source: v.exactOptional(v.picklist(sourceNames)),
  counts: v.exactOptional(
    v.looseObject({ read: count, closed: count, open: count, unalerted: count, invalid: count, duplicates: count }),
  ),
  cases: v.exactOptional(
    v.looseObject({ reopened: count, amended: count, removed: count, removed_pending: count, conflicting: count }),
  ),
  invalid: v.exactOptional(
    v.looseObject({ reasons, marks: v.array(v.string()), ids: v.exactOptional(v.array(v.string())) }),
  ),
  unowned: v.exactOptional(
    v.looseObject({
      count,
      messages: v.array(v.looseObject({ message_id: v.string(), timestamp, seen_at: instant })),
    }),
  ),
  unproven: v.exactOptional(v.literal(true)),
  outside: count,
  source_count: v.exactOptional(
    v.looseObject({
      total: count,
      alerted: v.exactOptional(count),
      closed: v.exactOptional(count),
      to_end: v.exactOptional(count),
      to_last_day: v.exactOptional(count),
    }),
  ),
  rows: count,
  digest: v.exactOptional(text),
  object_sha256: v.exactOptional(sha256),
  version: v.exactOptional(text),
  quarantine_sha256: v.exactOptional(sha256),
  removed_sha256: v.exactOptional(sha256),
  bytes_in: count,
  bytes_out: count,
  took_ms: v.pipe(v.number(), v.finite()),
  run_id: v.exactOptional(v.string()),
  run_url: v.exactOptional(v.string()),
  last_error: v.exactOptional(error),
  deferred: v.exactOptional(
    v.looseObject({
      at: instant,
      action: v.picklist(['read', 're-check']),
      because: v.picklist(['time', 'source', 'leg']),
      run_url: v.exactOptional(v.string()),
    }),
  ),
}) satisfies v.GenericSchema<unknown, LedgerRecord>;

const stagedMessage = v.looseObject({
  slot,
  message_id: v.string(),
  timestamp,
  open_alerts: v.array(v.string()),
  open_alert_count: count,
  reason: v.picklist(['open', 'reopened']),
  first_seen: instant,
  read_at: instant,
  checks: count,
  removed_at: v.exactOptional(instant),
}) satisfies v.GenericSchema<unknown, StagedMessage>;

const sourceRecord = v.looseObject({
  source: v.picklist(sourceNames),
  revision,
  read_at: v.exactOptional(instant),
  unplaced: v.exactOptional(v.looseObject({ count, duplicates: count, reasons, objects: v.array(text) })),
  outside: v.exactOptional(count),
  unsearched_count: v.exactOptional(count),
  unsearched: v.exactOptional(
    v.array(v.looseObject({ index: v.string(), why: v.picklist(['closed', 'hidden', 'frozen', 'unreadable']) })),
  ),
  last_error: v.exactOptional(error),
  run_url: v.exactOptional(v.string()),
}) satisfies v.GenericSchema<unknown, SourceRecord>;

const schemas = { slot: ledgerRecord, message: stagedMessage, source: sourceRecord };

/** An item as it is stored. */
export interface StoredItem {
  readonly kind: DamagedItem['kind'];
  /** For people. */
  readonly key: string;
  /** The start of its slot, from its key: `20240601T000000Z`. */
  readonly start?: string | undefined;
  /** Members that must have these values, because the key or another column says so. */
  readonly known: Readonly<Record<string, unknown>>;
  /** Undefined if it could not be parsed. */
  readonly value: unknown;
}

/** Separates valid items from damaged ones. */
export function stateOf(items: readonly StoredItem[]): ArchiveState {
  const ledger: LedgerRecord[] = [];
  const staged: StagedMessage[] = [];
  const sources: SourceRecord[] = [];
  const damaged: DamagedItem[] = [];
  for (const item of items) {
    const fault = faultIn(item);
    if (fault !== undefined) damaged.push(fault);
    else if (item.kind === 'slot') ledger.push(item.value as LedgerRecord);
    else if (item.kind === 'message') staged.push(item.value as StagedMessage);
    else sources.push(item.value as SourceRecord);
  }
  return {
    ledger,
    staged,
    ...(sources.length > 0 && { sources }),
    ...(damaged.length > 0 && { damaged }),
  };
}

/**
 * Returns a slot's record. If it is damaged, returns its valid members, so that a reading can replace it, but no `version`, so
 * that the reading checks every byte of the object.
 */
export function recordOf(item: StoredItem, slotId: string): LedgerRecord {
  if (faultIn(item) === undefined) return item.value as LedgerRecord;
  const nothing = { rows: 0, outside: 0, bytes_in: 0, bytes_out: 0, took_ms: 0 };
  const { version: _, ...valid } = validMembers(item);
  return { ...nothing, ...valid, slot: slotId, revision: revisionOf(item) } as LedgerRecord;
}

/** Like {@link recordOf}, for a source's record. */
export function sourceRecordOf(item: StoredItem, source: SourceRecord['source']): SourceRecord {
  if (faultIn(item) === undefined) return item.value as SourceRecord;
  return { ...validMembers(item), source, revision: revisionOf(item) } as SourceRecord;
}

/**
 * Like {@link recordOf}, for a staged message; undefined if its id is lost. A damaged message counts as read before all
 * others, so that any reading replaces or removes it.
 */
export function stagedMessageOf(item: StoredItem, slotId: string): StagedMessage | undefined {
  if (faultIn(item) === undefined) return item.value as StagedMessage;
  const never = new Date(0).toISOString();
  const valid = { ...validMembers(item), ...item.known } as Partial<StagedMessage>;
  if (valid.message_id === undefined) return undefined;
  const start = parseCompactInstant(slotId.split('-')[0]!) ?? 0;
  return {
    timestamp: `${start}000`,
    open_alerts: [],
    open_alert_count: 0,
    reason: 'open',
    first_seen: never,
    read_at: never,
    checks: 0,
    ...valid,
    message_id: valid.message_id,
    slot: slotId,
  };
}

function faultIn({ kind, key, start, known, value }: StoredItem): DamagedItem | undefined {
  const parsed = v.safeParse(schemas[kind], value, { abortEarly: true });
  const member = parsed.success ? unequal(known, value) : (v.getDotPath(parsed.issues[0]) ?? '');
  if (member === undefined) return undefined;
  const startMs = start === undefined ? undefined : parseCompactInstant(start);
  return {
    kind,
    key,
    ...(startMs !== undefined && { start: startMs }),
    ...(member !== '' && { member }),
  };
}

/** The name of a member that does not have its known value. */
function unequal(known: StoredItem['known'], value: unknown): string | undefined {
  return Object.entries(known).find(([name, expected]) => (value as typeof known)[name] !== expected)?.[0];
}

function validMembers({ kind, value }: StoredItem): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return {};
  const entries: Readonly<Record<string, v.GenericSchema>> = schemas[kind].entries;
  return Object.fromEntries(
    Object.entries(value).filter(([name, member]) => Object.hasOwn(entries, name) && v.is(entries[name]!, member)),
  );
}

/** Returns the stored revision; 0 if no run can have written it. */
function revisionOf({ known, value }: StoredItem): number {
  const stored =
    'revision' in known ? known.revision : (value as { readonly revision?: unknown } | undefined)?.revision;
  return v.is(revision, stored) ? stored : 0;
}
