/** An integer and the bytes `[start, end)` that encode it. */
export interface ThriftInt {
  readonly value: number;
  readonly start: number;
  readonly end: number;
}

/** The value of a field: bytes for text; undefined for double and byte, which Parquet's structs do not use. */
type ThriftValue = ThriftInt | ThriftStruct | Uint8Array | boolean | readonly ThriftValue[] | undefined;

/** A value without offsets. A struct is its fields by number. */
export type PlainThrift = number | string | boolean | null | PlainThrift[] | { [field: number]: PlainThrift };

/** The required type of a value. A struct lists the allowed fields. */
export type ThriftSpec =
  | 'bool'
  | 'i16'
  | 'i32'
  | 'i64'
  | 'binary'
  | { readonly list: ThriftSpec }
  | { readonly struct: Readonly<Record<number, ThriftSpec>> };

/** A value with its encoded type and, for a list, that of its items. */
interface Field {
  readonly value: ThriftValue;
  readonly type: number;
  readonly itemType?: number;
}

/** The bytes end inside a struct. */
export class ThriftCut extends Error {
  override readonly name = 'ThriftCut';
}

/** A struct in Thrift's compact protocol. */
export class ThriftStruct {
  readonly #fields: ReadonlyMap<number, Field>;
  /** Offset after the struct. */
  readonly end: number;

  constructor(fields: ReadonlyMap<number, Field>, end: number) {
    this.#fields = fields;
    this.end = end;
  }

  hasInt(field: number): boolean {
    return isInt(this.#fields.get(field)?.value);
  }

  /** @throws Error if the field is not an integer */
  int(field: number): ThriftInt {
    const value = this.#fields.get(field)?.value;
    if (!isInt(value)) throw new Error(`field ${field} of a Thrift struct is not an integer`);
    return value;
  }

  /** Undefined if there is no such field. @throws Error if it is not bytes */
  bytes(field: number): Uint8Array | undefined {
    const value = this.#fields.get(field)?.value;
    if (value === undefined || value instanceof Uint8Array) return value;
    throw new Error(`field ${field} of a Thrift struct is not text`);
  }

  has(field: number): boolean {
    return this.#fields.has(field);
  }

  /** Field numbers in encoded order. */
  get numbers(): readonly number[] {
    return [...this.#fields.keys()];
  }

  /** True if all fields, including those of nested structs, are in the spec and have its types. */
  isSpelled(spec: ThriftSpec): boolean {
    if (typeof spec === 'string' || !('struct' in spec)) return false;
    return [...this.#fields].every(([field, found]) => {
      const wanted = spec.struct[field];
      return wanted !== undefined && isSpelled(found, wanted);
    });
  }

  /** A field without offsets, with text in Latin-1 so that no byte is lost; undefined if there is no such field. */
  plain(field: number): PlainThrift | undefined {
    return this.#fields.has(field) ? plainOf(this.#fields.get(field)?.value) : undefined;
  }

  /** A list of texts; undefined if there is no such field. @throws Error if it is something else */
  texts(field: number): readonly Uint8Array[] | undefined {
    const value = this.#fields.get(field)?.value;
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every((item) => item instanceof Uint8Array))
      throw new Error(`field ${field} of a Thrift struct is not a list of texts`);
    return value as Uint8Array[];
  }

  /** @throws Error if the field is not a struct */
  struct(field: number): ThriftStruct {
    return asStruct(this.#fields.get(field)?.value, field);
  }

  /** @throws Error if the field is not a list of structs */
  structs(field: number): readonly ThriftStruct[] {
    const value = this.#fields.get(field)?.value;
    if (!Array.isArray(value)) throw new Error(`field ${field} of a Thrift struct is not a list`);
    return value.map((item: ThriftValue) => asStruct(item, field));
  }
}

function isSpelled({ value, type: found, itemType }: Field, wanted: ThriftSpec): boolean {
  if (typeof wanted === 'string') return typesOf[wanted].includes(found);
  if ('struct' in wanted) return value instanceof ThriftStruct && value.isSpelled(wanted);
  if (!Array.isArray(value) || itemType === undefined) return false;
  return value.every((item: ThriftValue) => isSpelled({ value: item, type: itemType }, wanted.list));
}

function isInt(value: ThriftValue): value is ThriftInt {
  return typeof value === 'object' && 'value' in value;
}

function plainOf(value: ThriftValue): PlainThrift {
  if (value === undefined) return null;
  if (typeof value === 'boolean') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (value instanceof ThriftStruct)
    return Object.fromEntries(value.numbers.map((field) => [field, value.plain(field)!]));
  return isInt(value) ? value.value : (value as readonly ThriftValue[]).map(plainOf);
}

function asStruct(value: ThriftValue, field: number): ThriftStruct {
  if (!(value instanceof ThriftStruct)) throw new Error(`field ${field} of a Thrift struct is not a struct`);
  return value;
}

/** The types of the compact protocol that Parquet uses. */
const type = { stop: 0, true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, struct: 12 };

const typesOf: Readonly<Record<Extract<ThriftSpec, string>, readonly number[]>> = {
  bool: [type.true, type.false],
  i16: [type.i16],
  i32: [type.i32],
  i64: [type.i64],
  binary: [type.binary],
};

/**
 * Reads the struct that begins at `start`. Integers beyond 2^53 lose digits.
 * Format: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 * @throws ThriftCut if the bytes end first; Error if they are not such a struct
 */
export function readStruct(bytes: Uint8Array, start: number): ThriftStruct {
  return new StructReader(bytes, start).struct();
}

class StructReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  struct(): ThriftStruct {
    const fields = new Map<number, Field>();
    for (let field = 0; ; ) {
      const head = this.#byte();
      if (head === type.stop) return new ThriftStruct(fields, this.#at);
      const delta = head >> 4;
      field = delta === 0 ? this.#int().value : field + delta;
      if (fields.has(field)) throw new Error(`field ${field} of a Thrift struct occurs twice`);
      fields.set(field, this.#field(head & 0x0f));
    }
  }

  #field(of: number): Field {
    const itemType = this.#bytes[this.#at]! & 0x0f;
    return { value: this.#value(of), type: of, ...(of === type.list && { itemType }) };
  }

  #value(of: number): ThriftValue {
    switch (of) {
      case type.true:
        return true;
      case type.false:
        return false;
      case type.byte:
        return this.#skip(1);
      case type.i16:
      case type.i32:
      case type.i64:
        return this.#int();
      case type.double:
        return this.#skip(8);
      case type.binary:
        return this.#bytesOf(this.#varint());
      case type.list:
        return this.#list();
      case type.struct:
        return this.struct();
      default:
        throw new Error(`a Thrift struct has a field of unknown type ${of}`);
    }
  }

  #list(): readonly ThriftValue[] {
    const head = this.#byte();
    const length = head >> 4 === 15 ? this.#varint() : head >> 4;
    const of = head & 0x0f;
    const isBoolean = of === type.true || of === type.false;
    const values: ThriftValue[] = [];
    for (let n = 0; n < length; n += 1) values.push(isBoolean ? this.#flag() : this.#value(of));
    return values;
  }

  #int(): ThriftInt {
    const start = this.#at;
    const zigzag = this.#varint();
    return { value: zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2, start, end: this.#at };
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  /** A boolean in a list. Some writers encode false as 0. */
  #flag(): boolean {
    return this.#byte() === type.true;
  }

  #bytesOf(length: number): Uint8Array {
    this.#skip(length);
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #skip(length: number): undefined {
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new ThriftCut('the bytes end inside a Thrift struct');
  }

  #byte(): number {
    this.#skip(1);
    return this.#bytes[this.#at - 1]!;
  }
}

/** Changes some integers of a struct and copies everything else verbatim. */
export class ThriftEdits {
  readonly #changes: { readonly int: ThriftInt; readonly value: number }[] = [];

  set(int: ThriftInt, value: number): void {
    this.#changes.push({ int, value });
  }

  /** The bytes `[start, end)` with the changes applied. */
  apply(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    let from = start;
    for (const { int, value } of this.#changes.sort((a, b) => a.int.start - b.int.start)) {
      pieces.push(bytes.subarray(from, int.start), encoded(value));
      from = int.end;
    }
    return Buffer.concat([...pieces, bytes.subarray(from, end)]);
  }
}

/** Encodes a non-negative integer as a zigzag varint. */
function encoded(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value * 2;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}
