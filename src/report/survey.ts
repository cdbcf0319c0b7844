import type { Comparison } from '../archive/comparison.ts';
import type { ArchiveState, Deferred, LedgerRecord, SourceRecord, StagedMessage } from '../archive/ledger.ts';
import type { PlanOutput, Reason } from '../plan/decide.ts';
import { isSettled } from '../plan/settled.ts';
import { type Layout, type Slot, slotById } from '../windows/slot.ts';
import { type Fault, faultsOf, type Seam } from './faults.ts';
import { offSlotFaults } from './off-slot.ts';
import { emptyBetween, neverHeldAny, type SlotStatus, statusOf } from './status.ts';

/** A slot that a plan asked for and that was not brought up to date since. */
export interface Missing {
  readonly slot: Slot;
  /** Its reading failed, or why it was not begun. */
  readonly why: 'failed' | Deferred['because'];
  /** What was to be done. */
  readonly action: Deferred['action'];
  /** Why the plan at hand asked for it; absent where an earlier one did. */
  readonly reason?: Reason;
  /** Of a failure: what was said of it. */
  readonly message?: string;
  /** The run in which it was met. */
  readonly runUrl?: string;
}

/** That no plan was made. */
export interface NoPlan {
  /** What was said of it, where that is known. */
  readonly failure: string | undefined;
}

/** What is known of an archive after the legs of a plan. */
export interface Survey {
  /** The archive for people: `s3://bucket/prefix`. */
  readonly archive: string;
  /** Ms since 1970. */
  readonly now: number;
  /** The address of the run that reports. */
  readonly runUrl: string | undefined;
  readonly noPlan: NoPlan | undefined;
  /** The ids of the plan's slots. */
  readonly planned: ReadonlySet<string>;
  /** In time order. */
  readonly missing: readonly Missing[];
  /** Whether slots were read and none ever held a message. */
  readonly isVoid: boolean;
  /** What else makes it incomplete, the gravest first. */
  readonly faults: readonly Fault[];
  /** What a comparison of both sources found; absent where there was none. */
  readonly comparison: Comparison | undefined;
  /** Slots without a message between slots that hold some. */
  readonly gaps: readonly Slot[];
  /** All slots of the ledger and of the plan, in time order. */
  readonly slots: readonly Slot[];
  /** By slot id. */
  readonly ledger: ReadonlyMap<string, LedgerRecord>;
  /** The oldest message first. */
  readonly staged: readonly StagedMessage[];
  /** What is known of sources beside their slots. */
  readonly sources: readonly SourceRecord[];
}

/** Where and when a survey is made. */
export type Place = Pick<Survey, 'archive' | 'now' | 'runUrl'> & {
  readonly layout: Layout;
  readonly recentDays: number;
};

const nothingPlanned: PlanOutput = { planned_at: '', slots: [] };

/**
 * Holds an archive's state against the plan.
 * @param seams messages with alerts that no slot has
 * @throws UserError where a slot of either is none of this layout
 */
export function survey(
  { layout, recentDays, ...place }: Place,
  made: PlanOutput | NoPlan,
  state: ArchiveState,
  seams: readonly Seam[] = [],
): Survey {
  const noPlan = 'failure' in made ? made : undefined;
  const plan = 'failure' in made ? nothingPlanned : made;
  const ledger = new Map(state.ledger.map((record) => [record.slot, record]));
  const ids = new Set([...ledger.keys(), ...plan.slots.map(([id]) => id)]);
  const slots = new Map([...ids].map((id) => [id, slotById(id, layout)]));
  const settled = (record: LedgerRecord) => isSettled(slots.get(record.slot)!, record, place.now, recentDays);
  const inOrder = [...slots.values()].sort((a, b) => a.start - b.start);
  return {
    ...place,
    noPlan,
    planned: new Set(plan.slots.map(([id]) => id)),
    missing: [
      ...missingOfPlan(plan, slots, statusOf(plan, ledger, settled)),
      ...missingElsewhere(plan, slots, state),
    ].sort((a, b) => a.slot.start - b.slot.start),
    isVoid: neverHeldAny(state.ledger),
    faults: [...faultsOf(plan, ledger, seams), ...offSlotFaults(state.sources ?? [])],
    comparison: plan.comparison,
    gaps: emptyBetween(inOrder, ledger),
    slots: inOrder,
    ledger,
    staged: state.staged.toSorted(byTime),
    sources: state.sources ?? [],
  };
}

/** Whether there is a plan, all that it and earlier ones asked for was read and proven, and nothing else is wrong. */
export function isComplete({ noPlan, missing, isVoid, faults }: Survey): boolean {
  return noPlan === undefined && missing.length === 0 && !isVoid && faults.length === 0;
}

/** Ms since 1970. */
export function timeOf({ timestamp }: StagedMessage): number {
  return Number(BigInt(timestamp) / 1000n);
}

function missingOfPlan(plan: PlanOutput, slots: ReadonlyMap<string, Slot>, statuses: readonly SlotStatus[]): Missing[] {
  const asked = new Map(plan.slots.map(([id, action, reason]) => [id, { action, reason }]));
  return statuses.flatMap(({ slot: id, status, record }): Missing[] => {
    const common = { slot: slots.get(id)!, ...asked.get(id)! };
    if (status === 'done') return [];
    if (status === 'failed') return [{ ...common, ...failureOf(record!.last_error!) }];
    const left = record?.deferred;
    if (left === undefined || left.at < plan.planned_at) return [{ ...common, why: 'leg' }];
    return [{ ...common, ...shortfallOf(left) }];
  });
}

/** What earlier plans asked for, and nothing has made up for since. */
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
    // Another run may have made the look before it was noted as left: then there is nothing more to look at.
    if (deferred === undefined || (deferred.action === 're-check' && !hasStaged.has(id))) return [];
    return [{ ...common, ...shortfallOf(deferred) }];
  });
}

function failureOf({ message, run_url }: NonNullable<LedgerRecord['last_error']>) {
  return { why: 'failed', message, ...(run_url !== undefined && { runUrl: run_url }) } as const;
}

function shortfallOf({ because, run_url }: Deferred) {
  return { why: because, ...(run_url !== undefined && { runUrl: run_url }) } as const;
}

function byTime(a: StagedMessage, b: StagedMessage): number {
  const difference = BigInt(a.timestamp) - BigInt(b.timestamp);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
