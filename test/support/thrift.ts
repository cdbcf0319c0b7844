export type Value =
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'byte' | 'double' | 'text'; readonly bytes: Uint8Array }
  | { readonly kind: 'int'; readonly type: 4 | 5 | 6; readonly value: number }
  | { readonly kind: 'flags'; readonly values: readonly boolean[] }
  | { readonly kind: 'ints'; readonly values: readonly number[] }
  | { readonly kind: 'structs'; readonly values: readonly Fields[] }
  | { readonly kind: 'struct'; readonly fields: Fields };
export type Fields = ReadonlyMap<number, Value>;

/** An independent implementation of the compact protocol, from its specification. */
export function spell(fields: Fields): number[] {
  const bytes: number[] = [];
  let last = 0;
  for (const [field, value] of [...fields].sort(([a], [b]) => a - b)) {
    const type = typeOf(value);
    const delta = field - last;
    bytes.push(...(delta <= 15 ? [(delta << 4) | type] : [type, ...zigzag(field)]), ...spellValue(value));
    last = field;
  }
  return [...bytes, 0];
}

function typeOf(value: Value): number {
  switch (value.kind) {
    case 'boolean':
      return value.value ? 1 : 2;
    case 'int':
      return value.type;
    case 'byte':
      return 3;
    case 'double':
      return 7;
    case 'text':
      return 8;
    case 'struct':
      return 12;
    default:
      return 9;
  }
}

function spellValue(value: Value): number[] {
  switch (value.kind) {
    case 'boolean':
      return [];
    case 'int':
      return zigzag(value.value);
    case 'byte':
    case 'double':
      return [...value.bytes];
    case 'text':
      return [...varint(BigInt(value.bytes.length)), ...value.bytes];
    case 'flags':
      return [...listHead(value.values.length, 1), ...value.values.map((flag) => (flag ? 1 : 2))];
    case 'ints':
      return [...listHead(value.values.length, 6), ...value.values.flatMap(zigzag)];
    case 'structs':
      return [...listHead(value.values.length, 12), ...value.values.flatMap(spell)];
    case 'struct':
      return spell(value.fields);
  }
}

function listHead(length: number, type: number): number[] {
  return length < 15 ? [(length << 4) | type] : [0xf0 | type, ...varint(BigInt(length))];
}

function zigzag(value: number): number[] {
  return varint(BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n)));
}

function varint(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
}
