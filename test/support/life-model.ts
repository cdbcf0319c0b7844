import { createHash } from 'node:crypto';
import type { Cases, Counts } from '../../src/archive/ledger.ts';
import { type Layout, type Slot, slotAt } from '../../src/windows/slot.ts';
import { type Held, Truth, tell } from './model-source.ts';

/** Picks an integer of [0, count). */
export type Pick = (count: number) => number;

/** A deterministic sequence for a seed (mulberry32). */
export function chance(seed: number): Pick {
  let state = seed >>> 0;
  return (count) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
  };
}

/** Expected effect of reading one slot. */
export interface Happening {
  readonly added: number;
  readonly staged: number;
  readonly counts: Counts;
  readonly cases: Omit<Cases, 'conflicting'>;
}

/** A message in the model. */
interface Being {
  readonly id: string;
  readonly at: number;
  statuses: string[];
  text: string;
  isSpaced: boolean;
  isHidden: boolean;
}

const statusesOf: readonly string[][] = [['closed'], ['open'], ['open', 'closed'], ['closed', 'Closed'], []];

/**
 * A model of a source over the years, and of the archive's expected content after a series of reads. Independent of the
 * archive's own code.
 */
export class LifeModel {
  readonly truth = new Truth();
  /** By slot id, then by message id: the JSON text. */
  readonly archived = new Map<string, Map<string, string>>();
  readonly #staged = new Map<string, Set<string>>();
  readonly #quarantined = new Map<string, Set<string>>();
  /** Counts of the last full read by slot id. */
  readonly #counts = new Map<string, Counts>();
  readonly #countedOpen = new Map<string, Set<string>>();
  /** Known ids that the last full read did not return, by slot id. */
  readonly #absent = new Map<string, Set<string>>();
  readonly #everClosed = new Set<string>();
  readonly #beings: Being[] = [];
  readonly #layout: Layout;
  readonly #pick: Pick;
  readonly #asOneLine: boolean;

  /** @param asOneLine true if the archive stores each message on one line */
  constructor(layout: Layout, pick: Pick, asOneLine: boolean) {
    this.#layout = layout;
    this.#pick = pick;
    this.#asOneLine = asOneLine;
  }

  /** Changes the source as from one run to the next. */
  live(origin: number, before: number, now: number): void {
    const pick = this.#pick;
    const births = 1 + pick(14);
    for (let n = 0; n < births; n += 1) this.#give(pick(5) === 0 ? origin : before, now);
    if (pick(3) === 0) this.#giveInvalid(before, now);
    for (const being of this.#beings) if (pick(4) === 0) this.#change(being);
  }

  #give(from: number, to: number): void {
    const at = from + this.#pick(to - from);
    const statuses = [...statusesOf[this.#pick(statusesOf.length)]!];
    const being = { id: `m${this.#beings.length}`, at, statuses, text: 'first', isSpaced: false, isHidden: false };
    this.#beings.push(being);
    this.#show(being);
  }

  #giveInvalid(from: number, to: number): void {
    const at = from + this.#pick(to - from);
    const id = `invalid-${at}`;
    this.truth.putRaw(id, at, `{"timestamp":"${new Date(at).toISOString()}","alerts":[]}`);
  }

  #change(being: Being): void {
    const what = this.#pick(9);
    if (what < 3) being.statuses = ['closed', 'closed'];
    else if (what === 3) being.statuses = ['closed', 'open'];
    else if (what === 4) being.text += '.';
    else if (what === 5) being.isSpaced = !being.isSpaced;
    else if (what === 6) being.isHidden = this.#pick(2) === 0;
    else if (what === 7) being.isHidden = false;
    else being.statuses = [...statusesOf[this.#pick(statusesOf.length)]!];
    this.#show(being);
  }

  #show(being: Being): void {
    this.truth.remove(being.id);
    if (being.isHidden) return;
    const { json } = tell(being);
    const spelled = being.isSpaced ? JSON.stringify(JSON.parse(json), null, 1) : json;
    this.truth.putRaw(being.id, being.at, spelled);
    if (stateOf(spelled) === 'closed') this.#everClosed.add(`${being.id} ${this.#stored(spelled)}`);
  }

  /** True if the source returns fewer messages with alerts than at the last read, or lacks one that is known. */
  wouldShrink(slot: Slot, now: number): boolean {
    const before = this.#counts.get(slot.id);
    if (before === undefined) return false;
    const seen = new Set(this.#within(slot, now).map(({ id }) => id));
    const absent = this.#absent.get(slot.id);
    const known = [...(this.archived.get(slot.id)?.keys() ?? []), ...(this.#staged.get(slot.id) ?? [])];
    if (known.some((id) => !seen.has(id) && !absent?.has(id))) return true;
    const alerted = this.#within(slot, now).filter(({ json }) => ['closed', 'open'].includes(stateOf(json)));
    return alerted.length < before.closed + before.open;
  }

  readWhole(slot: Slot, now: number): Happening {
    const held = this.#within(slot, now);
    const archived = ofSlot(this.archived, slot, () => new Map<string, string>());
    const staged = ofSlot(this.#staged, slot, () => new Set<string>());
    const before = new Map(archived);
    const seen = new Map(held.map((each) => [each.id, stateOf(each.json)]));
    const all = (state: string) => held.filter(({ json }) => stateOf(json) === state);
    const [closed, open, unalerted, invalid] = ['closed', 'open', 'unalerted', 'invalid'].map(all) as [
      Held[],
      Held[],
      Held[],
      Held[],
    ];
    const amended = closed.filter(({ id, json }) => before.has(id) && !this.sameContent(before.get(id)!, json));
    for (const { id, json } of closed.filter((each) => !before.has(each.id) || amended.includes(each)))
      archived.set(id, this.#stored(json));
    const removedPending = [...staged].filter((id) => !seen.has(id));
    staged.clear();
    for (const id of [...removedPending, ...open.map((each) => each.id)]) staged.add(id);
    const quarantined = ofSlot(this.#quarantined, slot, () => new Set<string>());
    for (const { json } of invalid) quarantined.add(createHash('sha256').update(json).digest('hex'));
    const counts: Counts = {
      read: held.length,
      closed: closed.length,
      open: open.length,
      unalerted: unalerted.length,
      invalid: invalid.length,
      duplicates: 0,
    };
    this.#counts.set(slot.id, counts);
    this.#countedOpen.set(slot.id, new Set(open.map(({ id }) => id)));
    const ids = [...before.keys()];
    this.#absent.set(slot.id, new Set([...ids, ...staged].filter((id) => !seen.has(id))));
    const cases = {
      reopened: ids.filter((id) => seen.get(id) === 'open').length,
      amended: amended.length + ids.filter((id) => seen.get(id) === 'unalerted').length,
      removed: ids.filter((id) => !seen.has(id)).length,
      removed_pending: removedPending.length,
    };
    return { added: archived.size - before.size, staged: staged.size, counts, cases };
  }

  /** Re-checks pending messages only; none of them needs a full read. */
  recheck(slot: Slot): Happening {
    const archived = ofSlot(this.archived, slot, () => new Map<string, string>());
    const staged = ofSlot(this.#staged, slot, () => new Set<string>());
    let added = 0;
    for (const id of [...staged]) {
      if (this.truth.held.has(id)) this.#absent.get(slot.id)?.delete(id);
      const json = this.truth.held.get(id)?.json;
      if (json === undefined || stateOf(json) !== 'closed') continue;
      staged.delete(id);
      const kept = archived.get(id);
      if (kept === undefined) added += 1;
      if (kept === undefined || !this.sameContent(kept, json)) archived.set(id, this.#stored(json));
    }
    const before = this.#counts.get(slot.id)!;
    const open = [...this.#countedOpen.get(slot.id)!].filter((id) => staged.has(id)).length;
    const counts = { ...before, open, closed: before.closed + before.open - open };
    this.#counts.set(slot.id, counts);
    return { added, staged: staged.size, counts, cases: { reopened: 0, amended: 0, removed: 0, removed_pending: 0 } };
  }

  /** Returns the expected ids and payloads of a slot's object, in order. */
  rowsOf(slot: Slot): [string, string][] {
    const at = (json: string) => Date.parse((JSON.parse(json) as { timestamp: string }).timestamp);
    return [...(this.archived.get(slot.id) ?? [])].sort(([a, x], [b, y]) => at(x) - at(y) || (a < b ? -1 : 1));
  }

  stagedOf(slot: Slot): string[] {
    return [...(this.#staged.get(slot.id) ?? [])].sort();
  }

  quarantinedOf(slot: Slot): string[] {
    return [...(this.#quarantined.get(slot.id) ?? [])];
  }

  /** True if the source ever returned the closed message in exactly these bytes. */
  wasClosed(id: string, json: string): boolean {
    return this.#everClosed.has(`${id} ${json}`);
  }

  /** Returns the messages that are closed now. */
  closedNow(): (Held & { slot: string })[] {
    return [...this.truth.held.values()]
      .filter(({ json }) => stateOf(json) === 'closed')
      .map((held) => ({ ...held, slot: slotAt(held.at, this.#layout).id }));
  }

  /** Compares two texts, ignoring whitespace. */
  sameContent(a: string, b: string): boolean {
    return JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
  }

  #stored(json: string): string {
    return this.#asOneLine ? json.replaceAll('\n', ' ') : json;
  }

  #within(slot: Slot, now: number): Held[] {
    return this.truth.within({ start: slot.start, end: Math.min(slot.end, now) });
  }
}

function ofSlot<T>(map: Map<string, T>, slot: Slot, make: () => T): T {
  const found = map.get(slot.id) ?? make();
  map.set(slot.id, found);
  return found;
}

function stateOf(json: string): 'closed' | 'open' | 'unalerted' | 'invalid' {
  const { message_id, alerts } = JSON.parse(json) as { message_id?: string; alerts: { status: string }[] };
  if (message_id === undefined) return 'invalid';
  if (alerts.length === 0) return 'unalerted';
  return alerts.every(({ status }) => status.toLowerCase() === 'closed') ? 'closed' : 'open';
}
