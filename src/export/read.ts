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
import { beyondTotal, isConfirmed, type WholePass, wholePass } from './whole-pass.ts';

/** Readings of one interval until one is whole. */
const passesMax = 5;

/** Staged messages that lie at most so many days apart are read in one go: what is read around a day covers as much. */
const gapDaysMax = 2;

/** A reading and the spool that holds its payloads; the caller closes it. */
export interface SlotReading {
  readonly findings: Findings;
  readonly count: SourceCount | undefined;
  /** Whether neither a total nor a second pass says that it is whole. */
  readonly isUnproven: boolean;
  readonly spool: Spool;
}

/**
 * Reads every message of a slot, as far as it lies in the past.
 * @param isFinal whether the slot is to count as settled by this reading
 * @throws UserError when no reading agrees with what the source says it holds
 */
export async function readWhole(context: Context, source: Source, slot: Slot, isFinal: boolean): Promise<SlotReading> {
  const interval = { start: slot.start, end: Math.min(slot.end, context.now()) };
  // Counted before it is read: what comes in between is then a difference that the audit sees.
  const ownDays = isFinal ? await source.countOwnDays?.(interval) : undefined;
  const read = await withSpool(context, (newSpool) => provenReading(context, source, interval, isFinal, newSpool));
  return { ...read, count: read.count && { ...read.count, ...ownDays } };
}

/**
 * Reads an interval until a reading is proven, and keeps nothing of it.
 * @throws UserError when no reading agrees with what the source says it holds
 */
export async function readThrough(context: Context, source: Source, interval: Interval): Promise<void> {
  const nothing: ReadonlySet<string> = new Set();
  const { spool } = await withSpool(context, (newSpool) =>
    provenReading(context, source, interval, true, newSpool, nothing),
  );
  await spool.close();
}

/** Looks for staged messages: by their ids where the source can, else on the days that they lie in. */
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
      return repeatedReading(context, source, slot, newSpool, ids, async (reading) => {
        await find.call(source, staged, (page) => reading.take(page));
        return { count: undefined, isUnproven: false };
      });
    }
    const spool = await newSpool();
    const all: Findings[] = [];
    for (const interval of daysOf(staged, slot)) {
      const { findings } = await provenReading(context, source, interval, true, async () => spool, ids);
      all.push(findings);
    }
    return { findings: joinFindings(all), count: undefined, isUnproven: false, spool };
  });
}

/** The days of staged messages, within their slot; days that are close are taken together. */
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

/** Reads an interval until a pass is proven: by the source's totals, or by the pass before it. */
async function provenReading(
  context: Context,
  source: Source,
  interval: Interval,
  isFinal: boolean,
  newSpool: () => Promise<Spool>,
  only?: ReadonlySet<string>,
): Promise<SlotReading> {
  let before: WholePass | undefined;
  let beyond: number | undefined;
  return repeatedReading(context, source, interval, newSpool, only, async (reading, attempt) => {
    const last = before;
    // What is lost agrees with nothing.
    before = undefined;
    const pass = await wholePass(source, interval, attempt, reading, isFinal);
    if ('problem' in pass) {
      if (pass.beyondTotal !== undefined && beyond !== undefined) throw beyondTotal(source, interval, beyond);
      beyond = pass.beyondTotal;
      return pass.problem;
    }
    if (pass.needs === 'nothing' || (last !== undefined && isConfirmed(pass, last)))
      return { count: pass.count, isUnproven: pass.isUnproven };
    before = pass;
    return 'it sent something else than the time before';
  });
}

/** What a pass proves; text where it proves nothing: what it did, as a clause. */
type Proof = Pick<SlotReading, 'count' | 'isUnproven'> | string;

/** Makes passes until one proves something. One that is lost does not. */
async function repeatedReading(
  context: Context,
  source: Source,
  interval: Interval,
  newSpool: () => Promise<Spool>,
  only: ReadonlySet<string> | undefined,
  pass: (reading: Reading, attempt: number) => Promise<Proof>,
): Promise<SlotReading> {
  let said = '';
  for (let attempt = 0; attempt < passesMax; attempt += 1) {
    const spool = await newSpool();
    const reading = newReading(context, source, interval, spool, only);
    const proof = await pass(reading, attempt).catch(whereLost);
    if (typeof proof !== 'string') return { findings: reading.findings(), ...proof, spool };
    said = proof;
  }
  throw unproven(source, interval, said);
}

function newReading(
  context: Context,
  source: Source,
  interval: Interval,
  spool: Spool,
  only?: ReadonlySet<string>,
): Reading {
  const { name, deliversOnce } = source;
  return new Reading(interval, name, context.now(), spool, context.settings.shape, only, deliversOnce);
}

/** What is lost may be had by the next reading; everything else is thrown on. */
function whereLost(error: unknown): string {
  if (error instanceof LostReading) return error.message;
  throw error;
}

function unproven(source: Source, { start, end }: Interval, said: string): UserError {
  const others = source.name === 'api' ? ', and where it never agrees, see api-total and api-query' : '';
  return new UserError(
    `${source.url} was read ${passesMax} times from ${instant(start)} to ${instant(end)}, and each time ${said}: nothing of it is taken for complete; run again when the source is at rest${others}.`,
  );
}

/** Gives out spools, each closing the one before; the last is the caller's, or closed when the work fails. */
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
