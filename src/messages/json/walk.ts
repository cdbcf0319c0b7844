import type { Plan, PlanNode } from './captures.ts';
import {
  BACKSLASH,
  CLOSE_LIST,
  CLOSE_OBJECT,
  decodeString,
  type JsonRange,
  type JsonText,
  OPEN_LIST,
  OPEN_OBJECT,
  spaceEnd,
} from './tokens.ts';
import { afterColon, afterComma, checkDepth, nameEnd, valueEnd } from './value.ts';

/** Reads the values that a plan hands over, in the walk's stead and during the same pass. */
export interface Visitor {
  /** Reads the value that begins at `start`, within `depth` objects and lists, and returns the offset after it. */
  visit(start: number, depth: number): number;
  /** All that was visited so far belongs to a member whose name occurs again: it no longer counts. */
  forget(): void;
}

/**
 * A walk over one JSON value (RFC 8259), which captures what the plan names and hands to the visitor what the plan has it
 * visit. Of members of one name the last counts, as in JSON.parse. Bytes within strings are not checked to be UTF-8.
 * It recurses along the plan's pointers, never into what they do not name.
 */
export class Walk {
  private readonly text: JsonText;
  private readonly plan: Plan;
  private readonly visitor: Visitor | undefined;
  private readonly depth: number;
  private readonly captures: (JsonRange | undefined)[] = [];

  /** @param depth how many objects and lists stand around the value */
  constructor(text: JsonText, plan: Plan, visitor?: Visitor, depth = 0) {
    this.text = text;
    this.plan = plan;
    this.visitor = visitor;
    this.depth = depth;
  }

  /**
   * Walks the value that begins at `start`, and returns the offset after it.
   * @throws JsonError where it is not JSON; JsonDepthError where it is nested too deep. What was complete by then stays
   *   captured.
   */
  run(start: number): number {
    return this.value(start, this.plan.root, this.depth);
  }

  /** The value at the plan's pointer of this number; undefined where the text has none. */
  captured(slot: number): JsonRange | undefined {
    return this.captures[slot];
  }

  private value(start: number, node: PlanNode | undefined, depth: number): number {
    if (node === undefined) return valueEnd(this.text, start, depth);
    const end = this.planned(start, node, depth);
    for (const slot of node.slots) this.captures[slot] = { bytes: this.text.bytes, start, end };
    return end;
  }

  private planned(start: number, node: PlanNode, depth: number): number {
    const isInside = node.members.length > 0;
    if (node.visit === 'value' && this.visitor !== undefined) {
      const end = this.visitor.visit(start, depth);
      // A value that is also pointed into is walked as well.
      if (!isInside) return end;
    }
    const first = this.text.bytes[start];
    if (first === OPEN_OBJECT && isInside) return this.members(start, node, depth);
    if (first === OPEN_LIST && (isInside || node.visit === 'elements')) return this.elements(start, node, depth);
    return valueEnd(this.text, start, depth);
  }

  private members(start: number, node: PlanNode, depth: number): number {
    const { bytes } = this.text;
    checkDepth(depth, start);
    let pos = spaceEnd(bytes, start + 1);
    for (let isFirst = true; bytes[pos] !== CLOSE_OBJECT; isFirst = false) {
      if (!isFirst) pos = afterComma(bytes, pos);
      const name = { bytes, start: pos, end: nameEnd(this.text, pos) };
      const child = memberNode(name, node);
      if (child !== undefined) this.forget(child);
      pos = spaceEnd(bytes, this.value(afterColon(bytes, name.end), child, depth + 1));
    }
    return pos + 1;
  }

  private elements(start: number, node: PlanNode, depth: number): number {
    const { bytes } = this.text;
    checkDepth(depth, start);
    let pos = spaceEnd(bytes, start + 1);
    for (let index = 0; bytes[pos] !== CLOSE_LIST; index += 1) {
      if (index > 0) pos = afterComma(bytes, pos);
      pos = spaceEnd(bytes, this.element(pos, node, index, depth + 1));
    }
    return pos + 1;
  }

  private element(start: number, node: PlanNode, index: number, depth: number): number {
    const child = node.members.find((member) => member.index === index)?.node;
    if (node.visit === 'elements' && this.visitor !== undefined) {
      const end = this.visitor.visit(start, depth);
      // An element that is also pointed into is walked as well.
      if (child === undefined) return end;
    }
    return this.value(start, child, depth);
  }

  private forget(node: PlanNode): void {
    for (const slot of node.below) {
      if (this.captures[slot] === undefined) continue;
      this.captures[slot] = undefined;
      if (slot === this.plan.visitedSlot) this.visitor?.forget();
    }
  }
}

function memberNode(name: JsonRange, node: PlanNode): PlanNode | undefined {
  const spelled = node.members.find((member) => isSpelled(name, member.spelling));
  if (spelled !== undefined) return spelled.node;
  if (!name.bytes.subarray(name.start, name.end).includes(BACKSLASH)) return undefined;
  const decoded = decodeString(name);
  return node.members.find((member) => member.name === decoded)?.node;
}

/** Whether a name is spelled so between its quotes. */
function isSpelled({ bytes, start, end }: JsonRange, spelling: Uint8Array): boolean {
  if (end - start - 2 !== spelling.length) return false;
  for (let index = 0; index < spelling.length; index += 1) {
    if (bytes[start + 1 + index] !== spelling[index]) return false;
  }
  return true;
}
