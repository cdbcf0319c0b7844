import type { Comparison } from '../archive/comparison.ts';
import { distinctInvalid, invalidReasons } from '../archive/invalid.ts';
import type { LedgerRecord } from '../archive/ledger.ts';
import { counted, number } from '../format.ts';
import type { PlanOutput } from '../plan/decide.ts';
import { day, instant } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import { lackingText, namedText } from './comparison.ts';

const detailsMax = 20;
const idCharactersMax = 200;

/** Why an archive is not complete though every slot was read. */
export interface Fault {
  readonly kind: 'unreadable' | 'lacking' | 'unowned' | 'unsearched' | 'unplaced';
  /** A clause: `none of the 200 messages that were read is valid`. */
  readonly what: string;
  /** Each on one line. */
  readonly details: readonly string[];
  /** A sentence. */
  readonly toDo: string;
}

/** A message with alerts that a reading of one slot returned, and that the slot in which it lies does not have. */
export interface Seam {
  /** The slot that was read. */
  readonly slot: Slot;
  readonly message_id: string;
  /** µs since 1970, as decimal text. */
  readonly timestamp: string;
}

/** The faults of an archive after a plan, the gravest first. */
export function faultsOf(plan: PlanOutput, ledger: ReadonlyMap<string, LedgerRecord>, seams: readonly Seam[]): Fault[] {
  return [...ofUnreadable(plan, ledger), ...ofSeams(seams), ...ofComparison(plan.comparison)];
}

/** A fault in one sentence or two, for an error. */
export function faultText({ what, details, toDo }: Fault): string {
  const more = details.length > detailsMax ? ` and ${number(details.length - detailsMax)} more` : '';
  const named = details.length > 0 ? `: ${details.slice(0, detailsMax).join(', ')}${more}` : '';
  return `${what}${named}. ${toDo}`;
}

/** Where messages were read and none was valid, the settings are wrong; of all the archive, or of what this plan had read. */
function ofUnreadable(plan: PlanOutput, ledger: ReadonlyMap<string, LedgerRecord>): Fault[] {
  const readNow = plan.slots.flatMap(([id, action]) => {
    const record = ledger.get(id);
    return action === 'read' && (record?.read_at ?? '') >= plan.planned_at ? [record!] : [];
  });
  const records = [[...ledger.values()], readNow].find(isUnreadable);
  if (records === undefined) return [];
  const { count, isExact } = distinctInvalid(records);
  return [
    {
      kind: 'unreadable',
      what: `None of the ${isExact ? '' : 'up to '}${counted(count, 'message')} that ${count === 1 ? 'was' : 'were'} read is valid`,
      details: invalidReasons(records).map((one) => `${one.reason} (${counted(one.count, 'message')})`),
      toDo: 'Check `message-id`, `message-timestamp` and `message-alerts`, then re-run with `refresh: true`.',
    },
  ];
}

function ofSeams(seams: readonly Seam[]): Fault[] {
  if (seams.length === 0) return [];
  const each =
    seams.length === 1
      ? 'was returned for a time other than its own timestamp, and is'
      : 'were returned for a time other than their own timestamps, and are';
  return [
    {
      kind: 'unowned',
      what: `${counted(seams.length, 'message')} with alerts ${each} in no slot`,
      details: seams.map(
        ({ slot, message_id, timestamp }) =>
          `${JSON.stringify(shortened(message_id))} of ${instant(Number(BigInt(timestamp) / 1000n))}, returned for ${day(slot.start)} to ${day(slot.end - 1)}`,
      ),
      toDo: 'Re-run, which reads the slots again that they lie in. If they are not returned there either, the source filters by a time other than `message-timestamp`, such as that of arrival: name that one.',
    },
  ];
}

function shortened(id: string): string {
  return id.length > idCharactersMax ? `${id.slice(0, idCharactersMax).toWellFormed()}…` : id;
}

/** What one source lacks may be lacking in the archive, too, once that source is the one to be read. */
function ofComparison(comparison: Comparison | undefined): Fault[] {
  if (comparison === undefined || 'failure' in comparison) return [];
  const days = `between ${day(Date.parse(comparison.from))} and ${day(Date.parse(comparison.to))}`;
  return comparison.lacking.map(({ source, ...missing }) => ({
    kind: 'lacking',
    what: `${lackingText(source, missing.count)} ${days}`,
    details: namedText(missing),
    toDo: 'Find out which source is right (check filters such as `api-query` and `elasticsearch-query`, and permissions), then re-run.',
  }));
}

function isUnreadable(records: readonly LedgerRecord[]): boolean {
  const sum = (value: (counts: NonNullable<LedgerRecord['counts']>) => number) =>
    records.reduce((total, { counts }) => total + (counts === undefined ? 0 : value(counts)), 0);
  return sum(({ read }) => read) > 0 && sum(({ closed, open, unalerted }) => closed + open + unalerted) === 0;
}
