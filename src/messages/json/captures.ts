import { Buffer } from 'node:buffer';
import type { Pointer } from './pointer.ts';

/** Which values of a JSON text a walk captures, and which it hands to a visitor. Made once, used for many walks. */
export interface Plan {
  readonly root: PlanNode;
  /** How many slots the captures of a walk have. */
  readonly slots: number;
  /** The slot of what a visitor reads; -1 where nothing is visited. */
  readonly visitedSlot: number;
}

/** A place in the JSON text that the plan names, or that lies on the way to one. */
export interface PlanNode {
  /** The slots in which the range of the value here is kept. */
  readonly slots: number[];
  /** The slots here and further down: what a second member of the same name makes void. */
  readonly below: number[];
  readonly members: Member[];
  /** What a visitor reads in the walk's stead: the value here, or each element of the list here. */
  visit: 'value' | 'elements' | undefined;
}

export interface Member {
  readonly name: string;
  /** The name between its quotes, spelled as JSON.stringify does. */
  readonly spelling: Uint8Array;
  /** The name as the index of a list's element (RFC 6901, section 4); -1 where it is none. */
  readonly index: number;
  readonly node: PlanNode;
}

/** The values that a visitor reads: the one at `pointer`, or each element of the list at `pointer`. */
export interface Visited {
  readonly pointer: Pointer;
  readonly what: 'value' | 'elements';
}

/** The slot of what is visited comes after those of `captured`, which are numbered in their order. */
export function compilePlan(captured: readonly Pointer[], visited?: Visited): Plan {
  const root = newNode();
  const pointers = visited === undefined ? captured : [...captured, visited.pointer];
  pointers.forEach((pointer, slot) => {
    nodeAt(root, pointer, slot).slots.push(slot);
  });
  if (visited !== undefined) nodeAt(root, visited.pointer).visit = visited.what;
  return { root, slots: pointers.length, visitedSlot: visited === undefined ? -1 : captured.length };
}

function newNode(): PlanNode {
  return { slots: [], below: [], members: [], visit: undefined };
}

function nodeAt(root: PlanNode, pointer: Pointer, slot?: number): PlanNode {
  let node = root;
  if (slot !== undefined) node.below.push(slot);
  for (const name of pointer) {
    let member = node.members.find((other) => other.name === name);
    if (member === undefined) {
      const spelling = Buffer.from(JSON.stringify(name).slice(1, -1));
      member = { name, spelling, index: /^(0|[1-9]\d*)$/.test(name) ? Number(name) : -1, node: newNode() };
      node.members.push(member);
    }
    node = member.node;
    if (slot !== undefined) node.below.push(slot);
  }
  return node;
}
