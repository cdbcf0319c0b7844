import { hash } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Source } from '../../../src/io/ports.ts';
import type { State } from '../../../src/messages/message.ts';
import type { Page } from '../../../src/messages/page.ts';
import { DAY_MS, type Interval } from '../../../src/windows/interval.ts';

/** The expected facts about a message, known independently of the source. */
export interface KnownMessage {
  /** Null where it cannot be read. */
  readonly id: string | null;
  readonly state: State;
  /** The hash of the message's bytes, in hex. */
  readonly sha256: string;
}

export interface SourceUnderTest {
  readonly source: Source;
  /** ms since 1970: the source holds some hundred messages of the 60 days before. */
  readonly now: number;
  /** The messages that the source shows whose timestamps lie in the interval. */
  known(interval: Interval): KnownMessage[];
  cleanUp(): Promise<void>;
}

const shaBytes = 32;

/** Every promise of the {@link Source} port. */
export function sourceConformance(name: string, makeSource: () => Promise<SourceUnderTest>): void {
  const start = async () => {
    const made = await makeSource();
    onTestFinished(() => made.cleanUp());
    return made;
  };

  /** Intervals of very different lengths; one ends at an instant that is not a whole day, hour or second. */
  const intervals: readonly [string, (now: number) => Interval][] = [
    ['a month', (now) => between(now, 50, 20)],
    ['one day', (now) => between(now, 40, 39)],
    ['one hour', (now) => ({ start: midnight(now) - DAY_MS * 20, end: midnight(now) - DAY_MS * 20 + 3_600_000 })],
    ['what is cut at now', (now) => ({ start: midnight(now) - DAY_MS * 9, end: now })],
    ['a time before all messages', (now) => between(now, 4_000, 3_990)],
  ];

  describe(`${name}: read`, () => {
    it.each(intervals)('hands over every message of %s', async (_, of) => {
      const { source, now, known } = await start();
      const interval = of(now);
      const { messages } = await readAll(source, interval);
      const shas = new Set(messages.map(({ sha }) => sha));
      const states = new Map(messages.map(({ id, state }) => [id, state]));
      for (const { id, state, sha256 } of known(interval)) {
        // For a message that is not archived, a source may send only the parts that show its state.
        if (state === 'closed' || state === 'invalid') expect(shas).toContain(sha256);
        else expect(states.get(id ?? undefined)).toBe(state);
      }
    });

    it('hands over pages whose hashes are those of their bytes', async () => {
      const { source, now } = await start();
      await source.read(between(now, 50, 35), 0, async ({ bytes, messages, shas }) => {
        expect(shas).toHaveLength(messages.length * shaBytes);
        for (const [n, { start: from, end }] of messages.entries()) {
          expect(end).toBeGreaterThan(from);
          const sha = hash('sha256', bytes.subarray(from, end));
          expect(Buffer.from(shas.subarray(n * shaBytes, (n + 1) * shaBytes)).toString('hex')).toBe(sha);
        }
      });
    });

    it('gives totals that agree with the messages handed over, and with its count', async () => {
      const { source, now } = await start();
      const asked = intervals.map(([, of]) => of(now));
      const counts = await source.count(asked);
      expect(counts).toHaveLength(asked.length);
      for (const [n, interval] of asked.entries()) {
        const { pass, messages } = await readAll(source, interval);
        const distinct = new Set(messages.map(({ sha }) => sha)).size;
        expect(pass.totals.length).toBeGreaterThan(0);
        expect(new Set(pass.totals)).toEqual(new Set([distinct]));
        expect(counts[n]).toEqual({ ...pass.count, ...(await source.countOwnDays?.(interval)) });
      }
    });

    it('proves by itself what a source that stands still holds', async () => {
      const { source, now } = await start();
      for (const [, of] of intervals) {
        const { pass } = await readAll(source, of(now));
        expect([pass.isDoubtful, pass.isBeyondTotal]).toEqual([undefined, undefined]);
      }
    });

    it('may be made again, and finds the same', async () => {
      const { source, now, known } = await start();
      const held = known(between(now, 30, 20)).length;
      const found: string[][] = [];
      for (const attempt of [0, 1, 2]) {
        const { messages } = await readAll(source, between(now, 30, 20), attempt);
        found.push([...new Set(messages.map(({ sha }) => sha))].sort());
      }
      expect(held).toBeGreaterThan(0);
      expect(found[0]!.length).toBeGreaterThanOrEqual(held);
      expect(found[1]).toEqual(found[0]);
      expect(found[2]).toEqual(found[0]);
    });

    it('fails with what the taker throws, and hands over nothing more', async () => {
      const { source, now } = await start();
      const problem = new Error('the disk is full');
      let taken = 0;
      const reading = source.read(between(now, 50, 20), 0, async () => {
        taken += 1;
        if (taken > 1) throw problem;
      });
      await expect(reading).rejects.toBe(problem);
      const before = taken;
      await source.count([between(now, 50, 20)]);
      expect(taken).toBe(before);
    });
  });

  describe(`${name}: count`, () => {
    it('gives the own days of an interval as they are counted alone, and no more than all', async () => {
      const { source, now } = await start();
      const interval = between(now, 30, 20);
      const [count] = await source.count([interval]);
      const own = await source.countOwnDays?.(interval);
      expect(count).toMatchObject(own ?? {});
      for (const days of Object.values(own ?? {})) expect(days).toBeLessThanOrEqual(count!.total);
    });

    it('counts no slots where none are asked for', async () => {
      expect(await (await start()).source.count([])).toEqual([]);
    });
  });
}

interface TakenMessage {
  readonly id: string | undefined;
  readonly state: State;
  readonly sha: string;
}

async function readAll(source: Source, interval: Interval, attempt = 0) {
  const messages: TakenMessage[] = [];
  const pass = await source.read(interval, attempt, async (page) => void messages.push(...takenFrom(page)));
  return { pass, messages };
}

/** Copies what is wanted of a page: its bytes are the source's again after it was taken. */
function takenFrom({ messages, shas }: Page): TakenMessage[] {
  return messages.map(({ id, state }, n) => ({
    id,
    state,
    sha: Buffer.from(shas.subarray(n * shaBytes, (n + 1) * shaBytes)).toString('hex'),
  }));
}

function midnight(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

/** Whole days, counted back from now. */
function between(now: number, fromDays: number, toDays: number): Interval {
  return { start: midnight(now) - fromDays * DAY_MS, end: midnight(now) - toDays * DAY_MS };
}
