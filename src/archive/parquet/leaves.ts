import type { ColumnType } from '../../messages/message.ts';
import type { ExpectedRows } from '../object.ts';
import type { ArchiveSchema } from '../schema.ts';
import type { PlainThrift } from './thrift.ts';

/** A value in a data page: bytes for text, bigint for int64 and timestamps. */
export type LeafValue = Uint8Array | bigint | number | boolean;

/** A leaf column of a Parquet file, which has values; lists and structs have none. */
export interface Leaf {
  readonly path: readonly string[];
  /** Parquet's `Type`. */
  readonly type: number;
  /** Values may be null. */
  readonly isOptional: boolean;
  /** A row has a value for each of its alerts. */
  readonly isRepeated: boolean;
  /** All values in order, including nulls. */
  readonly values: (expected: ExpectedRows) => (LeafValue | null)[];
}

/** https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
export const physical = { boolean: 0, int32: 1, int64: 2, double: 5, bytes: 6 };
const element = { type: 1, repetition: 3, name: 4, children: 5, converted: 6, logical: 10 };
const repetitions = { required: 0, optional: 1, repeated: 2 };
const text = { [element.converted]: 0, [element.logical]: { 1: {} } };
const list = { [element.converted]: 3, [element.logical]: { 3: {} } };
const timestamp = { [element.converted]: 10, [element.logical]: { 8: { 1: true, 2: { 2: {} } } } };

const declaredTypes: Readonly<Record<ColumnType, { readonly type: number; readonly annotation: object }>> = {
  string: { type: physical.bytes, annotation: text },
  int64: { type: physical.int64, annotation: {} },
  double: { type: physical.double, annotation: {} },
  boolean: { type: physical.boolean, annotation: {} },
  timestamp: { type: physical.int64, annotation: timestamp },
};

interface Field {
  readonly leaf: Leaf;
  /** The schema elements that follow those of the previous leaf, up to this one's. */
  readonly elements: readonly PlainThrift[];
}

/** The leaf columns of an object, in order. */
export function leavesOf(schema: ArchiveSchema): readonly Leaf[] {
  return fieldsOf(schema).map(({ leaf }) => leaf);
}

/** The schema elements of an object's footer, without the root. */
export function schemaElements(schema: ArchiveSchema): readonly PlainThrift[] {
  return fieldsOf(schema).flatMap(({ elements }) => elements);
}

function fieldsOf({ columns }: ArchiveSchema): Field[] {
  const micros = (ms: number) => BigInt(ms) * 1000n;
  return [
    required('message_id', physical.bytes, text, ({ rows }) => rows.map(({ id }) => utf8(id))),
    required('timestamp', physical.int64, timestamp, ({ rows }) => rows.map((row) => row.timestamp)),
    required('alert_count', physical.int32, {}, ({ rows }) => rows.map(({ alerts }) => alerts.length)),
    alertField('alert_id', 'id', [
      { [element.repetition]: repetitions.required, [element.name]: 'alerts', [element.children]: 1, ...list },
      { [element.repetition]: repetitions.repeated, [element.name]: 'list', [element.children]: 1 },
      { [element.repetition]: repetitions.required, [element.name]: 'element', [element.children]: 2 },
    ]),
    alertField('status', 'status', []),
    ...columns.map(({ name, type }, n) => declaredField(name, type, n)),
    required('source', physical.bytes, text, ({ sources }) => sources.map(utf8)),
    required('read_at', physical.int64, timestamp, ({ readAts }) => Array.from(readAts, micros)),
    required('payload_sha256', physical.bytes, text, ({ shas }) => shas.map(utf8)),
    required('payload', physical.bytes, text, ({ payloads }) => [...payloads]),
  ];
}

function required(name: string, type: number, annotation: object, values: Leaf['values']): Field {
  return {
    leaf: { path: [name], type, isOptional: false, isRepeated: false, values },
    elements: [
      {
        [element.type]: type,
        [element.repetition]: repetitions.required,
        [element.name]: latin1(name),
        ...annotation,
      },
    ],
  };
}

function alertField(name: string, of: 'id' | 'status', around: readonly PlainThrift[]): Field {
  const values: Leaf['values'] = ({ rows }) =>
    rows.flatMap(({ alerts }) => alerts.map((alert) => utf8OrNull(alert[of])));
  const own = { [element.type]: physical.bytes, [element.repetition]: repetitions.optional, [element.name]: name };
  return {
    leaf: {
      path: ['alerts', 'list', 'element', name],
      type: physical.bytes,
      isOptional: true,
      isRepeated: true,
      values,
    },
    elements: [...around, { ...own, ...text }],
  };
}

function declaredField(name: string, of: ColumnType, n: number): Field {
  const { type, annotation } = declaredTypes[of];
  const values: Leaf['values'] = ({ rows }) =>
    rows.map(({ columns }) => {
      const value = columns[n]!;
      return typeof value === 'string' ? utf8(value) : value;
    });
  return {
    leaf: { path: [name], type, isOptional: true, isRepeated: false, values },
    elements: [
      {
        [element.type]: type,
        [element.repetition]: repetitions.optional,
        [element.name]: latin1(name),
        ...annotation,
      },
    ],
  };
}

function utf8(value: string): Uint8Array {
  return Buffer.from(value, 'utf8');
}

function utf8OrNull(value: string | null): Uint8Array | null {
  return value === null ? null : utf8(value);
}

/** A name's UTF-8 bytes as Latin-1, as in {@link PlainThrift}. */
export function latin1(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1');
}
