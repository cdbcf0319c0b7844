import type { SourceCount } from '../archive/ledger.ts';
import { UserError } from '../errors.ts';
import { number } from '../format.ts';
import { type Pass, type Source, TooDeep } from '../io/ports.ts';
import { type Interval, instant } from '../windows/interval.ts';
import type { Reading } from './reading.ts';

/** What a pass still needs, so that it is proven: a pass before it that found the same, with other page borders perhaps. */
type Need = 'nothing' | 'same' | 'same with other borders';

/** In the order of their strength. */
const needs: readonly Need[] = ['nothing', 'same', 'same with other borders'];

/** A pass over an interval against which its totals say nothing. */
export interface WholePass {
  readonly needs: Need;
  /** Alike for two passes that found the same messages, with the same bytes, as often. */
  readonly print: string;
  /** Of the ranges that it was read in: where their pages ended. */
  readonly borders: string;
  readonly count: SourceCount | undefined;
  /** Whether neither a total nor another pass says that it is whole. */
  readonly isUnproven: boolean;
}

/** Why a pass proves nothing, as a clause. */
export interface FailedPass {
  readonly problem: string;
  /** What the source says that it holds, where more came. */
  readonly beyondTotal?: number;
}

/** What is known of one range of a pass. */
interface RangeFacts {
  readonly needs: Need;
  readonly twins: string;
  readonly pageLength: number;
  readonly hasTotal: boolean;
  readonly count: SourceCount | undefined;
}

/**
 * Makes one pass over an interval, in as many ranges as the source needs, each of them with its own totals and end.
 * @param isFinal whether the slot is to count as settled by this reading
 */
export async function wholePass(
  source: Source,
  interval: Interval,
  attempt: number,
  reading: Reading,
  isFinal: boolean,
): Promise<WholePass | FailedPass> {
  const found: RangeFacts[] = [];
  const totals: (number | undefined)[] = [];
  const readRange = async (range: Interval): Promise<FailedPass | undefined> => {
    try {
      const pass = await source.read(range, attempt, (page) => reading.take(page));
      const facts = factsOf(pass, reading, source.deliversOnce, isFinal);
      if ('problem' in facts) return facts;
      found.push(facts);
      return undefined;
    } catch (error) {
      if (!(error instanceof TooDeep)) throw error;
      totals.push(error.total);
      reading.beginRange(true);
      const failed = await readRange(error.halves[0]);
      if (failed !== undefined) return failed;
      reading.beginRange();
      return readRange(error.halves[1]);
    }
  };
  const failed = await readRange(interval);
  if (failed !== undefined) return failed;
  if (!reading.hasOnlyProven()) return failure('some of its messages went while it was read');
  const need = needs[Math.max(...found.map((facts) => needs.indexOf(facts.needs)))]!;
  return {
    needs: need,
    print: need === 'nothing' ? '' : `${reading.fingerprint()} ${found.map(({ twins }) => twins).join(' ')}`,
    borders: found.map(({ pageLength }) => pageLength).join(' '),
    count: countOf(found, totals[0], reading.held),
    isUnproven: need === 'nothing' && found.some(({ hasTotal }) => !hasTotal),
  };
}

/** Whether a pass found what the one before it did, in the way that it needs. */
export function isConfirmed(pass: WholePass, before: WholePass): boolean {
  if (pass.print !== before.print) return false;
  return pass.needs !== 'same with other borders' || pass.borders !== before.borders;
}

/** A source of which more came than it says it holds, and not because it moved. */
export function beyondTotal({ url }: Source, { start, end }: Interval, total: number): UserError {
  return new UserError(
    `${url} says that it holds ${number(total)} messages from ${instant(start)} to ${instant(end)}, and sends more: that is the length of a page, or all that it counts to; point api-total at the number of all messages in the range, or at a member that its pages do not have.`,
  );
}

function factsOf(pass: Pass, reading: Reading, deliversOnce: boolean, isFinal: boolean): RangeFacts | FailedPass {
  const totals = [...new Set(pass.totals)];
  const [total] = totals;
  const facts = {
    twins: reading.twinsOfRange(),
    pageLength: reading.pageLengthMax,
    hasTotal: total !== undefined,
    count: pass.count,
  };
  const same = pass.isDoubtful ? 'same' : 'nothing';
  if (pass.isBeyondTotal)
    return failure(`it sent more than its total of ${number(Math.max(...totals))}`, Math.max(...totals));
  // Without totals, two readings that agree stand in for them; of a slot that is read again anyway, one will do.
  if (total === undefined) return { ...facts, twins: '', needs: isFinal ? 'same' : same };
  if (totals.length > 1) return failure(`its total moved (${totals.map(number).join(', ')})`);
  if (reading.isWhole(total)) return { ...facts, needs: same };
  if (!deliversOnce && reading.isWholeIfTwinsAreHeld(total)) {
    reading.holdTwins();
    return { ...facts, needs: 'same with other borders' };
  }
  return failure(
    `it said that it holds ${number(total)} messages and sent ${number(reading.distinctOfRange)} distinct ones`,
  );
}

/** What the source said of the whole interval, and an audit will ask for again; where that was wrong, nothing. */
function countOf(found: readonly RangeFacts[], total: number | undefined, held: number): SourceCount | undefined {
  if (found.length === 1) return found[0]?.count;
  return total === held ? { total } : undefined;
}

function failure(problem: string, total?: number): FailedPass {
  return { problem, ...(total !== undefined && { beyondTotal: total }) };
}
