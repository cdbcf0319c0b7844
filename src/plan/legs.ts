import * as v from 'valibot';
import { UserError } from '../errors.ts';
import { windowAt, windowById } from '../windows/grid.ts';
import { covers, type Instant, instant } from '../windows/interval.ts';
import { type Slot, widen } from '../windows/slot.ts';
import { decideSlots, type Facts, type PlannedSlot } from './decide.ts';

/** GitHub's limit of jobs per matrix. */
export const legsMax = 256;

/** One job's share of the plan: an element of the matrix, as plain JSON. */
export interface Leg {
  /** Shown to people: a window's id, or `2019-01-01..2019-08-29 (4 windows)`. */
  readonly name: string;
  /** Window ids in time order. */
  readonly windows: readonly string[];
  /** The plan's range, widened to whole slots; the same in every leg. */
  readonly from: Instant;
  readonly to: Instant;
  readonly refresh: boolean;
  /** When the plan was made. Slots read later need no re-read for refresh, audit or scrub. */
  readonly planned_at: Instant;
  /** By slot id: settled slots that the audit or scrub re-reads. */
  readonly reread: Readonly<Record<string, 'audit' | 'scrub'>>;
}

/** The work of an export: a leg, or windows named by a person, for which the export's own range and refresh apply. */
export type Assignment = Leg | Pick<Leg, 'name' | 'windows'>;

/**
 * The legs of a plan, in time order: one for each window with work. More than `max` such windows are packed into `max` legs of
 * consecutive windows whose sizes differ by at most one.
 * @param facts the facts that `planned` was decided on
 * @throws RangeError if `max` is not a positive integer
 */
export function legs(
  planned: readonly PlannedSlot[],
  facts: Pick<Facts, 'now' | 'range' | 'layout' | 'refresh'>,
  max = legsMax,
): Leg[] {
  if (!(Number.isInteger(max) && max > 0)) throw new RangeError(`A plan cannot be packed into ${max} legs.`);
  const range = widen(facts.range, facts.layout);
  const todo = planned.filter(({ action }) => action !== 'none');
  const byWindow = [...Map.groupBy(todo, ({ slot }) => slot.window)];
  return pack(byWindow, max).map((share) => {
    const windows = share.map(([window]) => window);
    return {
      name: nameOf(windows),
      windows,
      from: instant(range.start),
      to: instant(range.end),
      refresh: facts.refresh,
      planned_at: instant(facts.now),
      reread: rereadOf(share.flatMap(([, slots]) => slots)),
    };
  });
}

/**
 * Decides on the slots of a leg's windows, from the current facts, as {@link decideSlots} does. The leg's range and refresh
 * replace those of the facts, and its `reread` replaces audit and scrub.
 */
export function decideLeg(facts: Facts, assignment: Assignment): PlannedSlot[] {
  const windows = new Set(assignment.windows);
  const leg = 'from' in assignment ? assignment : undefined;
  const own = leg ? { ...facts, range: { start: Date.parse(leg.from), end: Date.parse(leg.to) } } : facts;
  const range = widen(own.range, own.layout);
  const refresh = leg?.refresh ?? facts.refresh;
  return decideSlots(own, (slot) => {
    if (leg && wasReadAfter(leg.planned_at, slot, facts)) return undefined;
    return refresh && covers(range, slot) ? 'refresh' : leg?.reread[slot.id];
  }).filter(({ slot }) => windows.has(slot.window));
}

/**
 * Parses the `window` input: an element of the plan's matrix as JSON, or window ids separated by commas or white space.
 * @throws UserError naming the input if the text is neither, or a window is not on the grid of `windowDays`
 */
export function parseLeg(text: string, windowDays: number): Assignment {
  const assignment = text.trimStart().startsWith('{') ? parseElement(text) : parseIds(text, windowDays);
  for (const id of assignment.windows) checkWindow(id, windowDays);
  return assignment;
}

const instantText = v.pipe(
  v.string(),
  v.check((text) => {
    const ms = Date.parse(text);
    return !Number.isNaN(ms) && instant(ms) === text;
  }),
);

const element = v.strictObject({
  name: v.string(),
  windows: v.pipe(v.array(v.string()), v.minLength(1)),
  from: instantText,
  to: instantText,
  refresh: v.boolean(),
  planned_at: instantText,
  reread: v.record(v.string(), v.picklist(['audit', 'scrub'])),
}) satisfies v.GenericSchema<unknown, Leg>;

function parseElement(text: string): Leg {
  const { success, output, issues } = v.safeParse(element, jsonOf(text));
  if (success) return output;
  throw new UserError(
    'plan-invalid',
    `The input \`window\` is not an element of the plan's matrix: ${faultOf(issues[0])}. ` +
      'Pass the element unchanged, with toJSON, or window ids.',
  );
}

function faultOf(issue: v.InferIssue<typeof element>): string {
  const part = `\`${v.getDotPath(issue)}\``;
  if (issue.expected === 'never') return `${part} is unknown`;
  return issue.received === 'undefined' ? `${part} is missing` : `${part} is invalid`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(
      'plan-invalid',
      "The input `window` is not valid JSON. Pass an element of the plan's matrix unchanged, with toJSON, or window ids.",
    );
  }
}

function parseIds(text: string, windowDays: number): Assignment {
  const windows = [...new Set(text.split(/[\s,]+/).filter((id) => id !== ''))].sort();
  if (windows.length > 0) return { name: nameOf(windows), windows };
  throw new UserError(
    'input-invalid',
    "The input `window` names no window. Pass an element of the plan's matrix as JSON, or window ids, " +
      `such as ${windowAt(0, windowDays).id}.`,
  );
}

function checkWindow(id: string, windowDays: number): void {
  try {
    windowById(id, windowDays);
  } catch (error) {
    if (error instanceof UserError)
      throw new UserError('input-invalid', `The input \`window\` is not a list of windows: ${error.message}`);
    throw error;
  }
}

function nameOf(windows: readonly string[]): string {
  if (windows.length === 1) return windows[0]!;
  const [first] = windows[0]!.split('..');
  const [, last] = windows.at(-1)!.split('..');
  return `${first}..${last} (${windows.length} windows)`;
}

function rereadOf(planned: readonly PlannedSlot[]): Record<string, 'audit' | 'scrub'> {
  const reread: Record<string, 'audit' | 'scrub'> = {};
  for (const { slot, reason } of planned) if (reason === 'audit' || reason === 'scrub') reread[slot.id] = reason;
  return reread;
}

function wasReadAfter(planned_at: Instant, slot: Slot, facts: Facts): boolean {
  return Date.parse(facts.ledger.get(slot.id)?.read_at ?? '') > Date.parse(planned_at);
}

/** Splits a list into at most `max` consecutive parts whose lengths differ by at most one. */
function pack<T>(items: readonly T[], max: number): T[][] {
  const parts = Math.min(items.length, max);
  const cut = (part: number) => Math.floor((part * items.length) / parts);
  return Array.from({ length: parts }, (_, part) => items.slice(cut(part), cut(part + 1)));
}
