import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  decodeString,
  isList,
  isObject,
  type JsonRange,
  type JsonText,
  spaceEnd,
} from './json/tokens.ts';
import { afterColon, afterComma, nameEnd, valueEnd } from './json/value.ts';

/** An element of a list, or a named member of an object. */
interface Entry {
  readonly name?: string;
  readonly value: JsonRange;
}

/**
 * The elements of a list or the members of an object in valid JSON; empty for any other value. The last of several members
 * of the same name wins. Undefined if there are more than `max`.
 */
export function entriesOf(text: JsonText, value: JsonRange, max: number): readonly Entry[] | undefined {
  if (isList(value)) return elementsOf(text, value, max);
  return isObject(value) ? membersOf(text, value, max) : [];
}

function elementsOf(text: JsonText, { bytes, start }: JsonRange, max: number): readonly Entry[] | undefined {
  const found: Entry[] = [];
  let pos = spaceEnd(bytes, start + 1);
  while (bytes[pos] !== CLOSE_LIST) {
    if (found.length > 0) pos = afterComma(bytes, pos);
    if (found.length === max) return undefined;
    const end = valueEnd(text, pos, 0);
    found.push({ value: { bytes, start: pos, end } });
    pos = spaceEnd(bytes, end);
  }
  return found;
}

function membersOf(text: JsonText, { bytes, start }: JsonRange, max: number): readonly Entry[] | undefined {
  const found = new Map<string, JsonRange>();
  let pos = spaceEnd(bytes, start + 1);
  for (let isFirst = true; bytes[pos] !== CLOSE_OBJECT; isFirst = false) {
    if (!isFirst) pos = afterComma(bytes, pos);
    const name = { bytes, start: pos, end: nameEnd(text, pos) };
    const from = afterColon(bytes, name.end);
    const end = valueEnd(text, from, 0);
    found.set(decodeString(name), { bytes, start: from, end });
    if (found.size > max) return undefined;
    pos = spaceEnd(bytes, end);
  }
  return Array.from(found, ([name, value]) => ({ name, value }));
}
