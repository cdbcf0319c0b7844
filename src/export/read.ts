import { join } from 'node:path';
import type { SourceCount, StagedMessage } from '../archive/ledger.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { LostReading, type Source } from '../io/ports.ts';
import { Spool } from '../memory/spool.ts';
import { DAY_MS, type Interval, instant, union } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import { type Findings, joinFindings } from './findings.ts';
import { Reading } from './reading.ts';
import { isConfirmed, moreThanTotal, type WholePass, wholePass } from './whole-pass.ts';

/** Passes over an interval until one is proven complete. */
const passesMax = 5;

/** Days of staged messages at most this many days apart are read together: sources return days around them anyway. */
const gapDaysMax = 2;

/** The findings of a read and the spool with their payloads, which the caller closes. */
export interface SlotReading {
  readonly findings: Findings;
  readonly count: SourceCount | undefined;
  /** True if neither a total nor a second pass proves that the read is complete. */
  readonly isUnproven: boolean;
  readonly spool: Spool;
}

/** A read of an interval, until a pass is proven. */
interface ReadRequest {
  readonly source: Source;
  readonly interval: Interval;
  /** Ids to search; undefined for all messages. */
  readonly ids?: ReadonlySet<string> | undefined;
  /** Returns the spool for the next pass. */
  readonly newSpool: () => Promise<Spool>;
}

/**
 * Reads every message of a slot up to now.
 * @param isFinal true if the slot counts as settled after this read
 * @throws UserError if no pass agrees with the source's total
 */
export async function readFull(context: Context, source: Source, slot: Slot, isFinal: boolean): Promise<SlotReading> {
  const interval = { start: slot.start, end: Math.min(slot.end, context.now()) };
  // Counted before the read: the audit then sees messages that arrive in between as a difference.
  const ownDays = isFinal ? await source.countOwnDays?.(interval) : undefined;
  const read = await withSpool(context, (newSpool) => provenReading(context, { source, interval, newSpool }, isFinal));
  return { ...read, count: read.count && { ...read.count, ...ownDays } };
}

/**
 * Reads an interval until a pass is proven, and keeps nothing.
 * @throws UserError if no pass agrees with the source's total
 */
export async function readThrough(context: Context, source: Source, interval: Interval): Promise<void> {
  const ids: ReadonlySet<string> = new Set();
  const { spool } = await withSpool(context, (newSpool) =>
    provenReading(context, { source, interval, ids, newSpool }, true),
  );
  await spool.close();
}

/** Reads staged messages: by id if the source can, else by reading their days. */
export async function readStaged(
  context: Context,
  source: Source,
  slot: Slot,
  staged: readonly StagedMessage[],
): Promise<SlotReading> {
  const ids = new Set(staged.map(({ message_id }) => message_id));
  return withSpool(context, async (newSpool) => {
    const { find } = source;
    if (find !== undefined) {
      return repeatedReading(context, { source, interval: slot, ids, newSpool }, async (reading) => {
        await find.call(source, staged, (page) => reading.take(page));
        return { count: undefined, isUnproven: false };
      });
    }
    const spool = await newSpool();
    const all: Findings[] = [];
    for (const interval of daysOf(staged, slot)) {
      const request = { source, interval, ids, newSpool: async () => spool };
      const { findings } = await provenReading(context, request, true);
      all.push(findings);
    }
    return { findings: joinFindings(all), count: undefined, isUnproven: false, spool };
  });
}

/** The days of staged messages within their slot; close days are joined. */
export function daysOf(staged: readonly StagedMessage[], slot: Interval): Interval[] {
  const days = staged.map(({ timestamp }) => {
    const start = Math.floor(Number(BigInt(timestamp) / 1000n) / DAY_MS) * DAY_MS;
    return { start, end: start + DAY_MS * (1 + gapDaysMax) };
  });
  return union(days).map(({ start, end }) => ({
    start: Math.max(start, slot.start),
    end: Math.min(end - DAY_MS * gapDaysMax, slot.end),
  }));
}

/** Reads an interval until a pass is proven complete, by the source's totals or by the previous pass. */
async function provenReading(context: Context, request: ReadRequest, isFinal: boolean): Promise<SlotReading> {
  const { source, interval } = request;
  let previous: WholePass | undefined;
  let exceeded: number | undefined;
  return repeatedReading(context, request, async (reading, attempt) => {
    const last = previous;
    // A lost pass confirms nothing.
    previous = undefined;
    const pass = await wholePass(source, { interval, attempt, isFinal }, reading);
    if ('problem' in pass) {
      if (pass.exceededTotal !== undefined && exceeded !== undefined) throw moreThanTotal(source, interval, exceeded);
      exceeded = pass.exceededTotal;
      return pass.problem;
    }
    if (pass.needs === 'nothing' || (last !== undefined && isConfirmed(pass, last)))
      return { count: pass.count, isUnproven: pass.isUnproven };
    previous = pass;
    return 'its response differed from the previous one';
  });
}

/** The outcome of a proven pass, or a clause that says why a pass proves nothing. */
type Proof = Pick<SlotReading, 'count' | 'isUnproven'> | string;

/** Makes passes until one is proven. */
async function repeatedReading(
  context: Context,
  { source, interval, ids, newSpool }: ReadRequest,
  pass: (reading: Reading, attempt: number) => Promise<Proof>,
): Promise<SlotReading> {
  const { name, deliversOnce } = source;
  const { shape } = context.settings;
  let problem = '';
  for (let attempt = 0; attempt < passesMax; attempt += 1) {
    const spool = await newSpool();
    const reading = new Reading({ interval, source: name, readAt: context.now(), spool, shape, ids, deliversOnce });
    const proof = await pass(reading, attempt).catch(problemOfLost);
    if (typeof proof !== 'string') return { findings: reading.findings(), ...proof, spool };
    problem = proof;
  }
  throw unproven(source, interval, problem);
}

function problemOfLost(error: unknown): string {
  if (error instanceof LostReading) return error.message;
  throw error;
}

function unproven(source: Source, { start, end }: Interval, problem: string): UserError {
  const hint = source.name === 'api' ? ' If it keeps failing, check api-total and api-query.' : '';
  return new UserError(
    'source-unproven',
    `${source.url} could not be read completely from ${instant(start)} to ${instant(end)}: the source changed during all ${passesMax} reads (in the last one, ${problem}). Re-run when the source is idle.${hint}`,
  );
}

/** Provides spools, each closing the previous one. The caller closes the last one, unless the work fails. */
async function withSpool(
  context: Context,
  work: (newSpool: () => Promise<Spool>) => Promise<SlotReading>,
): Promise<SlotReading> {
  let spool: Spool | undefined;
  try {
    return await work(async () => {
      await spool?.close();
      spool = new Spool(context.memory, join(context.temporary, `${context.newId()}.spool`));
      return spool;
    });
  } catch (error) {
    await spool?.close();
    throw error;
  }
}
