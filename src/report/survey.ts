import type { Comparison } from '../archive/comparison.ts';
import type {
  ArchiveState,
  Deferred,
  LastError,
  LedgerRecord,
  SourceRecord,
  StagedMessage,
} from '../archive/ledger.ts';
import type { PlanOutput, Reason } from '../plan/decide.ts';
import { isSettled } from '../plan/settled.ts';
import { type Layout, type Slot, slotById } from '../windows/slot.ts';
import { type Fault, faultsOf, type Seam } from './faults.ts';
import { offSlotFaults } from './off-slot.ts';
import type { Shortfall } from './phrases.ts';
import { emptyBetween, neverHeldAny, type SlotStatus, statusOf } from './status.ts';

/** A planned slot that is not up to date. */
export interface Missing {
  readonly slot: Slot;
  readonly why: Shortfall;
  /** The planned action. */
  readonly action: Deferred['action'];
  /** Why this plan includes it; absent if an earlier plan did. */
  readonly reason?: Reason;
  /** The error, if it failed. */
  readonly message?: string;
  /** The error's stable code. */
  readonly code?: string;
  /** The run that failed or deferred it. */
  readonly runUrl?: string;
}

/** No plan was made. */
export interface NoPlan {
  /** The error, if known. */
  readonly failure: string | undefined;
}

/** State of an archive after the legs of a plan. */
export interface Survey {
  /** The archive's URL: `s3://bucket/prefix`. */
  readonly archive: string;
  /** Ms since 1970. */
  readonly now: number;
  /** The URL of the reporting run. */
  readonly runUrl: string | undefined;
  readonly noPlan: NoPlan | undefined;
  /** The ids of the planned slots. */
  readonly planned: ReadonlySet<string>;
  /** Planned slots that were processed since the plan was made. */
  readonly work: Work;
  /** In time order. */
  readonly missing: readonly Missing[];
  /** Slots were read, and none ever held a message. */
  readonly isVoid: boolean;
  /** Other causes of incompleteness, the most serious first. */
  readonly faults: readonly Fault[];
  /** The comparison of both sources; absent if none was made. */
  readonly comparison: Comparison | undefined;
  /** Slots without messages between slots with some. */
  readonly gaps: readonly Slot[];
  /** Slots of the ledger and of the plan, in time order. */
  readonly slots: readonly Slot[];
  /** By slot id. */
  readonly ledger: ReadonlyMap<string, LedgerRecord>;
  /** The oldest message first. */
  readonly staged: readonly StagedMessage[];
  /** Facts about sources that concern no slot. */
  readonly sources: readonly SourceRecord[];
}

/** Work done on planned slots. */
export interface Work {
  /** Slots read as a whole. */
  readonly read: number;
  /** Messages in these slots. */
  readonly messages: number;
  /** Bytes of JSON read for these slots. */
  readonly bytes: number;
  /** Slots of which only pending messages were re-checked. */
  readonly rechecked: number;
}

/** The inputs of a survey besides the plan and the archive's state. */
export type Circumstances = Pick<Survey, 'archive' | 'now' | 'runUrl'> & {
  readonly layout: Layout;
  readonly recentDays: number;
};

const nothingPlanned: PlanOutput = { planned_at: '', slots: [] };

/**
 * Compares an archive's state with the plan.
 * @param seams messages with alerts that are in no slot
 * @throws UserError if a slot of the state or the plan does not belong to this layout
 */
export function survey(
  { layout, recentDays, ...circumstances }: Circumstances,
  planned: PlanOutput | NoPlan,
  state: ArchiveState,
  seams: readonly Seam[] = [],
): Survey {
  const noPlan = 'failure' in planned ? planned : undefined;
  const plan = 'failure' in planned ? nothingPlanned : planned;
  const ledger = new Map(state.ledger.map((record) => [record.slot, record]));
  const ids = new Set([...ledger.keys(), ...plan.slots.map(([id]) => id)]);
  const slots = new Map([...ids].map((id) => [id, slotById(id, layout)]));
  const settled = (record: LedgerRecord) => isSettled(slots.get(record.slot)!, record, circumstances.now, recentDays);
  const inOrder = [...slots.values()].sort((a, b) => a.start - b.start);
  return {
    ...circumstances,
    noPlan,
    planned: new Set(plan.slots.map(([id]) => id)),
    work: workOf(plan, ledger),
    missing: [
      ...missingOfPlan(plan, slots, statusOf(plan, ledger, settled)),
      ...missingElsewhere(plan, slots, state),
    ].sort((a, b) => a.slot.start - b.slot.start),
    isVoid: neverHeldAny(state),
    faults: [...faultsOf(plan, ledger, seams), ...offSlotFaults(state.sources ?? [])],
    comparison: plan.comparison,
    gaps: emptyBetween(inOrder, ledger),
    slots: inOrder,
    ledger,
    staged: state.staged.toSorted(byTime),
    sources: state.sources ?? [],
  };
}

/** Returns true if a plan was made, no slot of it or an earlier one is missing, and there are no faults. */
export function isComplete({ noPlan, missing, isVoid, faults }: Survey): boolean {
  return noPlan === undefined && missing.length === 0 && !isVoid && faults.length === 0;
}

/** Returns the message's timestamp in ms since 1970. */
export function timeOf({ timestamp }: StagedMessage): number {
  return Number(BigInt(timestamp) / 1000n);
}

function workOf(plan: PlanOutput, ledger: ReadonlyMap<string, LedgerRecord>): Work {
  const records = plan.slots.flatMap(([id]) => ledger.get(id) ?? []);
  const read = records.filter(({ read_at = '' }) => read_at >= plan.planned_at);
  const isRechecked = ({ read_at = '', rechecked_at = '' }: LedgerRecord) =>
    read_at < plan.planned_at && rechecked_at >= plan.planned_at;
  return {
    read: read.length,
    messages: read.reduce((sum, { counts }) => sum + (counts?.read ?? 0), 0),
    bytes: read.reduce((sum, { bytes_in }) => sum + bytes_in, 0),
    rechecked: records.filter(isRechecked).length,
  };
}

function missingOfPlan(plan: PlanOutput, slots: ReadonlyMap<string, Slot>, statuses: readonly SlotStatus[]): Missing[] {
  const tasks = new Map(plan.slots.map(([id, action, reason]) => [id, { action, reason }]));
  return statuses.flatMap(({ slot: id, status, record }): Missing[] => {
    const common = { slot: slots.get(id)!, ...tasks.get(id)! };
    if (status === 'done') return [];
    if (status === 'failed') return [{ ...common, ...failureOf(record!.last_error!) }];
    const deferred = record?.deferred;
    if (deferred === undefined || deferred.at < plan.planned_at) return [{ ...common, why: 'leg' }];
    return [{ ...common, ...deferralOf(deferred) }];
  });
}

/** Returns the slots of earlier plans that no run has brought up to date since. */
function missingElsewhere(
  plan: PlanOutput,
  slots: ReadonlyMap<string, Slot>,
  { ledger, staged }: ArchiveState,
): Missing[] {
  const isPlanned = new Set(plan.slots.map(([id]) => id));
  const hasStaged = new Set(staged.map(({ slot }) => slot));
  return ledger.flatMap(({ slot: id, last_error, deferred }): Missing[] => {
    const common = { slot: slots.get(id)!, action: deferred?.action ?? 'read' } as const;
    if (isPlanned.has(id)) return [];
    if (last_error !== undefined) return [{ ...common, ...failureOf(last_error) }];
    // Another run may have re-checked the slot before it was recorded as deferred: then nothing is pending.
    if (deferred === undefined || (deferred.action === 're-check' && !hasStaged.has(id))) return [];
    return [{ ...common, ...deferralOf(deferred) }];
  });
}

function failureOf(error: LastError) {
  const { message, run_url } = error;
  const code = error.code;
  return {
    why: 'failed',
    message,
    ...(code !== undefined && { code }),
    ...(run_url !== undefined && { runUrl: run_url }),
  } as const;
}

function deferralOf({ because, run_url }: Deferred) {
  return { why: because, ...(run_url !== undefined && { runUrl: run_url }) } as const;
}

function byTime(a: StagedMessage, b: StagedMessage): number {
  const difference = BigInt(a.timestamp) - BigInt(b.timestamp);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
