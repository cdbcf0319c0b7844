import type { SourceCount } from '../archive/ledger.ts';
import { UserError } from '../errors.ts';
import { number } from '../format.ts';
import { type Pass, type Source, TooDeep } from '../io/ports.ts';
import { type Interval, instant } from '../windows/interval.ts';
import type { Reading } from './reading.ts';

/** The proof that a pass needs: none, or a previous pass with the same result, possibly with different page borders. */
type Need = 'nothing' | 'same' | 'same with other borders';

/** In order of strength. */
const needs: readonly Need[] = ['nothing', 'same', 'same with other borders'];

/** A pass that no total contradicts. */
export interface WholePass {
  readonly needs: Need;
  /** Equal for two passes that found the same messages, with the same bytes, equally often. */
  readonly fingerprint: string;
  /** Where the pages of its ranges ended. */
  readonly borders: string;
  readonly count: SourceCount | undefined;
  /** True if neither a total nor another pass proves it complete. */
  readonly isUnproven: boolean;
}

/** A pass that proves nothing. */
export interface FailedPass {
  /** A clause: `its total changed (4, 5)`. */
  readonly problem: string;
  /** The source's total, if it returned more. */
  readonly exceededTotal?: number;
}

/** Facts about one range of a pass. */
interface RangeFacts {
  readonly needs: Need;
  readonly twins: string;
  readonly pageLength: number;
  readonly hasTotal: boolean;
  readonly count: SourceCount | undefined;
}

export interface PassOptions {
  readonly interval: Interval;
  /** 0 for the first pass. */
  readonly attempt: number;
  /** True if the slot counts as settled after this read. */
  readonly isFinal: boolean;
}

/** Makes one pass over an interval, in as many ranges as the source needs, each with its own totals and end. */
export async function wholePass(
  source: Source,
  { interval, attempt, isFinal }: PassOptions,
  reading: Reading,
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
  if (!reading.hasOnlyProven()) return failure('messages disappeared while it was read');
  const need = needs[Math.max(...found.map((facts) => needs.indexOf(facts.needs)))]!;
  return {
    needs: need,
    fingerprint: need === 'nothing' ? '' : `${reading.fingerprint()} ${found.map(({ twins }) => twins).join(' ')}`,
    borders: found.map(({ pageLength }) => pageLength).join(' '),
    count: countOf(found, totals[0], reading.held),
    isUnproven: need === 'nothing' && found.some(({ hasTotal }) => !hasTotal),
  };
}

/** True if the previous pass proves this one. */
export function isConfirmed(pass: WholePass, previous: WholePass): boolean {
  if (pass.fingerprint !== previous.fingerprint) return false;
  return pass.needs !== 'same with other borders' || pass.borders !== previous.borders;
}

/** The error for a source that repeatedly returns more messages than its total. */
export function moreThanTotal({ url }: Source, { start, end }: Interval, total: number): UserError {
  return new UserError(
    'source-total-wrong',
    `${url} gives a total of ${number(total)} messages from ${instant(start)} to ${instant(end)}, but returns more: the total may be the length of a page, or capped. Point api-total at the number of all messages in the range, or at a member that its responses do not have.`,
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
    return failure(`it returned more than its total of ${number(Math.max(...totals))}`, Math.max(...totals));
  // Without totals, two equal passes prove the read. A slot that is re-read anyway needs one only.
  if (total === undefined) return { ...facts, twins: '', needs: isFinal ? 'same' : same };
  if (totals.length > 1) return failure(`its total changed (${totals.map(number).join(', ')})`);
  if (reading.isWhole(total)) return { ...facts, needs: same };
  if (!deliversOnce && reading.isWholeIfTwinsAreHeld(total)) {
    reading.holdTwins();
    return { ...facts, needs: 'same with other borders' };
  }
  return failure(`its total was ${number(total)} and it returned ${number(reading.distinctOfRange)} distinct messages`);
}

/** The source's count of the interval, for audits; undefined if it was wrong. */
function countOf(found: readonly RangeFacts[], total: number | undefined, held: number): SourceCount | undefined {
  if (found.length === 1) return found[0]?.count;
  return total === held ? { total } : undefined;
}

function failure(problem: string, total?: number): FailedPass {
  return { problem, ...(total !== undefined && { exceededTotal: total }) };
}
