import type { Comparison } from '../archive/comparison.ts';
import { distinctInvalid, invalidReasons } from '../archive/invalid.ts';
import type { LedgerRecord } from '../archive/ledger.ts';
import { counted, number } from '../format.ts';
import type { PlanOutput } from '../plan/decide.ts';
import { day, instant } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import { namedText } from './comparison.ts';
import { type CauseFacts, type CauseName, causePhrases } from './phrases.ts';

const detailsMax = 20;
const idCharactersMax = 200;

/** A cause that is not about missing slots: why an archive is incomplete though every slot was read. */
export interface Fault {
  readonly kind: Extract<CauseName, 'unreadable' | 'lacking' | 'unowned' | 'unsearched' | 'unplaced'>;
  /** A clause: `None of the 200 messages read are valid`. */
  readonly what: string;
  /** Each on one line. */
  readonly details: readonly string[];
  /** The remedy, in one or two sentences. */
  readonly toDo: string;
  /** The stable code of the error that the details show. */
  readonly code?: string;
}

/** A message with alerts that the source returned for one slot, that belongs to another slot, and that this one lacks. */
export interface Seam {
  /** The slot that was read. */
  readonly slot: Slot;
  readonly message_id: string;
  /** µs since 1970, as decimal text. */
  readonly timestamp: string;
}

/** Returns the faults of an archive after a plan, the most serious first. */
export function faultsOf(plan: PlanOutput, ledger: ReadonlyMap<string, LedgerRecord>, seams: readonly Seam[]): Fault[] {
  return [...ofUnreadable(plan, ledger), ...ofSeams(seams), ...ofComparison(plan.comparison)];
}

/** Returns a fault with its wording from the table of causes. */
export function faultOf(kind: Fault['kind'], facts: CauseFacts, details: readonly string[]): Fault {
  const { what, toDo } = causePhrases[kind];
  return { kind, what: what(facts), details, toDo: toDo(facts) };
}

/** Returns a fault as text for an error. */
export function faultText({ what, details, toDo }: Fault): string {
  const more = details.length > detailsMax ? ` and ${number(details.length - detailsMax)} more` : '';
  const named = details.length > 0 ? `: ${details.slice(0, detailsMax).join(', ')}${more}` : '';
  return `${what}${named}. ${toDo}`;
}

/** If no message read is valid, the settings are wrong: in the whole archive, or in what this plan read. */
function ofUnreadable(plan: PlanOutput, ledger: ReadonlyMap<string, LedgerRecord>): Fault[] {
  const readNow = plan.slots.flatMap(([id, action]) => {
    const record = ledger.get(id);
    return action === 'read' && (record?.read_at ?? '') >= plan.planned_at ? [record!] : [];
  });
  const records = [[...ledger.values()], readNow].find(isUnreadable);
  if (records === undefined) return [];
  const { count, isExact } = distinctInvalid(records);
  const reasons = invalidReasons(records).map((one) => `${one.reason} (${counted(one.count, 'message')})`);
  return [faultOf('unreadable', { count, bound: isExact ? '' : 'up to ' }, reasons)];
}

function ofSeams(seams: readonly Seam[]): Fault[] {
  if (seams.length === 0) return [];
  const details = seams.map(
    ({ slot, message_id, timestamp }) =>
      `${JSON.stringify(shortened(message_id))} of ${instant(Number(BigInt(timestamp) / 1000n))}, returned for ${day(slot.start)} to ${day(slot.end - 1)}`,
  );
  return [faultOf('unowned', { count: seams.length }, details)];
}

function shortened(id: string): string {
  return id.length > idCharactersMax ? `${id.slice(0, idCharactersMax).toWellFormed()}…` : id;
}

/** The archive may lack the same messages, once it is read from the source that lacks them. */
function ofComparison(comparison: Comparison | undefined): Fault[] {
  if (comparison === undefined || 'failure' in comparison) return [];
  const days = `from ${day(Date.parse(comparison.from))} to ${day(Date.parse(comparison.to) - 1)}`;
  return comparison.lacking.map(({ source, ...missing }) => {
    const settled = comparison.settled && { settled: comparison.settled };
    const fault = faultOf('lacking', { count: missing.count, source, ...settled }, namedText(missing));
    return { ...fault, what: `${fault.what}, ${days}` };
  });
}

function isUnreadable(records: readonly LedgerRecord[]): boolean {
  const sum = (value: (counts: NonNullable<LedgerRecord['counts']>) => number) =>
    records.reduce((total, { counts }) => total + (counts === undefined ? 0 : value(counts)), 0);
  return sum(({ read }) => read) > 0 && sum(({ closed, open, unalerted }) => closed + open + unalerted) === 0;
}
