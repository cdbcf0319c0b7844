import type { CaptureNode, Captures } from './captures.ts';
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

/** Reads values instead of the walk, during the same pass. */
export interface Visitor {
  /** Reads the value that begins at `start`, at nesting depth `depth`, and returns the offset after it. */
  visit(start: number, depth: number): number;
  /** Discards everything visited so far: it belongs to a member that a later one of the same name replaces. */
  forget(): void;
}

/**
 * Walks one JSON value (RFC 8259), captures values by pointer and passes others to the visitor. The last of several members
 * of the same name wins, as in JSON.parse. Strings are not checked to be UTF-8. Recurses only along the pointers.
 */
export class Walk {
  readonly #text: JsonText;
  readonly #captures: Captures;
  readonly #visitor: Visitor | undefined;
  readonly #depth: number;
  readonly #captured: (JsonRange | undefined)[] = [];

  /** @param depth the number of objects and lists that enclose the value */
  constructor(text: JsonText, captures: Captures, visitor?: Visitor, depth = 0) {
    this.#text = text;
    this.#captures = captures;
    this.#visitor = visitor;
    this.#depth = depth;
  }

  /**
   * Walks the value that begins at `start` and returns the offset after it.
   * @throws JsonError if it is not JSON; JsonDepthError if it is nested too deep. Values captured before the error stay
   *   captured.
   */
  run(start: number): number {
    return this.#value(start, this.#captures.root, this.#depth);
  }

  /** The value captured under an index; undefined if the text has none. */
  captured(index: number): JsonRange | undefined {
    return this.#captured[index];
  }

  #value(start: number, node: CaptureNode | undefined, depth: number): number {
    if (node === undefined) return valueEnd(this.#text, start, depth);
    const end = this.#node(start, node, depth);
    for (const index of node.indices) this.#captured[index] = { bytes: this.#text.bytes, start, end };
    return end;
  }

  #node(start: number, node: CaptureNode, depth: number): number {
    const hasMembers = node.members.length > 0;
    if (node.visit === 'value' && this.#visitor !== undefined) {
      const end = this.#visitor.visit(start, depth);
      // Pointers into a visited value require a walk too.
      if (!hasMembers) return end;
    }
    const first = this.#text.bytes[start];
    if (first === OPEN_OBJECT && hasMembers) return this.#members(start, node, depth);
    if (first === OPEN_LIST && (hasMembers || node.visit === 'elements')) return this.#elements(start, node, depth);
    return valueEnd(this.#text, start, depth);
  }

  #members(start: number, node: CaptureNode, depth: number): number {
    const { bytes } = this.#text;
    checkDepth(depth, start);
    let pos = spaceEnd(bytes, start + 1);
    for (let isFirst = true; bytes[pos] !== CLOSE_OBJECT; isFirst = false) {
      if (!isFirst) pos = afterComma(bytes, pos);
      const name = { bytes, start: pos, end: nameEnd(this.#text, pos) };
      const child = memberNode(name, node);
      if (child !== undefined) this.#forget(child);
      pos = spaceEnd(bytes, this.#value(afterColon(bytes, name.end), child, depth + 1));
    }
    return pos + 1;
  }

  #elements(start: number, node: CaptureNode, depth: number): number {
    const { bytes } = this.#text;
    checkDepth(depth, start);
    let pos = spaceEnd(bytes, start + 1);
    for (let index = 0; bytes[pos] !== CLOSE_LIST; index += 1) {
      if (index > 0) pos = afterComma(bytes, pos);
      pos = spaceEnd(bytes, this.#element(pos, node, index, depth + 1));
    }
    return pos + 1;
  }

  #element(start: number, node: CaptureNode, index: number, depth: number): number {
    const child = node.members.find((member) => member.index === index)?.node;
    if (node.visit === 'elements' && this.#visitor !== undefined) {
      const end = this.#visitor.visit(start, depth);
      // Pointers into a visited element require a walk too.
      if (child === undefined) return end;
    }
    return this.#value(start, child, depth);
  }

  #forget(node: CaptureNode): void {
    for (const index of node.below) {
      if (this.#captured[index] === undefined) continue;
      this.#captured[index] = undefined;
      if (index === this.#captures.visitedIndex) this.#visitor?.forget();
    }
  }
}

function memberNode(name: JsonRange, node: CaptureNode): CaptureNode | undefined {
  const spelled = node.members.find((member) => isSpelled(name, member.spelling));
  if (spelled !== undefined) return spelled.node;
  if (!name.bytes.subarray(name.start, name.end).includes(BACKSLASH)) return undefined;
  const decoded = decodeString(name);
  return node.members.find((member) => member.name === decoded)?.node;
}

/** Compares the raw bytes between the quotes of a name. */
function isSpelled({ bytes, start, end }: JsonRange, spelling: Uint8Array): boolean {
  if (end - start - 2 !== spelling.length) return false;
  for (let index = 0; index < spelling.length; index += 1) {
    if (bytes[start + 1 + index] !== spelling[index]) return false;
  }
  return true;
}
