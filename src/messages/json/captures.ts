import { Buffer } from 'node:buffer';
import type { Pointer } from './pointer.ts';

/** The values of a JSON text that a walk captures or passes to a visitor. Compiled once, used for many walks. */
export interface Captures {
  readonly root: CaptureNode;
  /** The index under which the visited value is captured; -1 if nothing is visited. */
  readonly visitedIndex: number;
}

/** A value that is captured or visited, or that contains such a value. */
export interface CaptureNode {
  /** The indices under which the range of this value is captured. */
  readonly indices: number[];
  /** The indices of this value and of those within it. A later member of the same name clears them. */
  readonly below: number[];
  readonly members: Member[];
  /** Set if the visitor reads this value, or each element of this list, instead of the walk. */
  visit: 'value' | 'elements' | undefined;
}

interface Member {
  readonly name: string;
  /** The name between its quotes, as JSON.stringify spells it. */
  readonly spelling: Uint8Array;
  /** The name as a list index (RFC 6901, section 4); -1 if it is not one. */
  readonly index: number;
  readonly node: CaptureNode;
}

/** The values that a visitor reads: the one at `pointer`, or each element of the list at `pointer`. */
interface Visited {
  readonly pointer: Pointer;
  readonly what: 'value' | 'elements';
}

/** Captures get the index of their pointer in `captured`; the visited value gets the next one. */
export function compileCaptures(captured: readonly Pointer[], visited?: Visited): Captures {
  const root = newNode();
  const pointers = visited === undefined ? captured : [...captured, visited.pointer];
  pointers.forEach((pointer, index) => {
    nodeAt(root, pointer, index).indices.push(index);
  });
  if (visited !== undefined) nodeAt(root, visited.pointer).visit = visited.what;
  return { root, visitedIndex: visited === undefined ? -1 : captured.length };
}

function newNode(): CaptureNode {
  return { indices: [], below: [], members: [], visit: undefined };
}

function nodeAt(root: CaptureNode, pointer: Pointer, index?: number): CaptureNode {
  let node = root;
  if (index !== undefined) node.below.push(index);
  for (const name of pointer) {
    let member = node.members.find((other) => other.name === name);
    if (member === undefined) {
      const spelling = Buffer.from(JSON.stringify(name).slice(1, -1));
      member = { name, spelling, index: /^(0|[1-9]\d*)$/.test(name) ? Number(name) : -1, node: newNode() };
      node.members.push(member);
    }
    node = member.node;
    if (index !== undefined) node.below.push(index);
  }
  return node;
}
