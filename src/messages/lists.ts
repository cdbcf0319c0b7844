import { saidIn } from '../text/said.ts';
import { formatPointer, type Pointer } from './json/pointer.ts';

/** Larger pages are not searched. */
const bytesMax = 32 * 1024 * 1024;
const valuesMax = 10_000;
const depthMax = 8;
const namedMax = 3;
const pointerCharsMax = 100;

/**
 * Describes a page without a list of messages at the expected pointer, as a clause to follow a semicolon:
 * `there is a list at /result/items`. Undefined if it contains nothing helpful.
 */
export function pageHint(bytes: Uint8Array): string | undefined {
  if (bytes.length > bytesMax) return undefined;
  const text = Buffer.from(bytes).toString();
  const value = jsonOf(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const places = listsIn(value).map((pointer) => (pointer.length === 0 ? 'the root' : formatPointer(pointer)));
  const [first, ...others] = places.filter((place) => place.length <= pointerCharsMax).slice(0, namedMax);
  if (first === undefined) {
    const said = saidIn(text);
    return said && `it says "${said}"`;
  }
  if (others.length === 0) return `there is a list at ${first}`;
  return `there are lists at ${[first, ...others.slice(0, -1)].join(', ')} and ${others.at(-1)}`;
}

/** Pointers to arrays of objects, outermost first. */
function listsIn(root: object): Pointer[] {
  const found: Pointer[] = [];
  const queue: { readonly value: object; readonly pointer: Pointer }[] = [{ value: root, pointer: [] }];
  for (let at = 0; at < queue.length && at < valuesMax && found.length < namedMax; at++) {
    const { value, pointer } = queue[at]!;
    if (Array.isArray(value)) {
      if (isObject(value[0])) found.push(pointer);
    } else if (pointer.length < depthMax) {
      for (const [name, part] of Object.entries(value).slice(0, valuesMax)) {
        if (typeof part === 'object' && part !== null) queue.push({ value: part, pointer: [...pointer, name] });
      }
    }
  }
  return found;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return undefined;
  }
}
