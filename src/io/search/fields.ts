import * as v from 'valibot';
import { UserError } from '../../errors.ts';
import { formatPointer, type Pointer } from '../../messages/json/pointer.ts';
import type { MessageShape } from '../../messages/message.ts';
import { everyToken } from '../../messages/shape.ts';

/** Capabilities of one field by type; the type is `unmapped` for the indices that lack the field. */
const fieldCapabilities = v.record(
  v.string(),
  v.object({
    searchable: v.boolean(),
    aggregatable: v.boolean(),
    indices: v.optional(v.union([v.string(), v.array(v.string())])),
  }),
);

export type FieldCapabilities = v.InferOutput<typeof fieldCapabilities>;

/** The members of a response of the field capabilities API that are used. */
export const capabilities = v.object({
  indices: v.array(v.string()),
  fields: v.record(v.string(), fieldCapabilities),
  failed_indices: v.optional(v.number(), 0),
});

export type Capabilities = v.InferOutput<typeof capabilities>;

export interface TimestampField {
  readonly field: string;
  /** True if it is a `date_nanos` in some index. */
  readonly hasNanos: boolean;
  /** True if it is a `date` in another index, too. */
  readonly isMixed: boolean;
}

/** The field by which the index distinguishes statuses. */
export interface StatusField {
  readonly field: string;
  /** The nested paths that contain it. */
  readonly nested: readonly string[];
  /** True if some index has it outside of nested paths. */
  readonly isPlain: boolean;
}

/** How the indices map the parts of a message. */
export interface Fields {
  readonly timestamp: TimestampField;
  /** A field that holds ids unchanged, though possibly not all of them; undefined if none does. */
  readonly id: string | undefined;
  /** Undefined if no field holds statuses exactly. */
  readonly status: StatusField | undefined;
  /** Indices that do not map the timestamp, so that no search by time finds their messages. */
  readonly withoutTimestamp: readonly string[];
}

const exactTypes: ReadonlySet<string> = new Set(['keyword', 'constant_keyword', 'wildcard']);
/** Names the indices for people. */
export interface Place {
  readonly product: string;
  /** `messages-* at https://…` */
  readonly where: string;
}

/** The fields whose capabilities are requested. */
export function fieldsInQuestion(shape: MessageShape): string[] {
  const status = statusName(shape);
  const id = fieldName(shape.id);
  const statusFields = status === '' ? [] : [status, `${status}.keyword`, ...parentsOf(status)];
  return [fieldName(shape.timestamp), id, `${id}.keyword`, ...statusFields];
}

/**
 * Interprets the capabilities of the fields of a message.
 * @param where the indices for people
 * @throws UserError if an index that maps the timestamp does not map it as a date, or cannot search and sort by it
 */
export function readFields(
  { indices, fields }: Pick<Capabilities, 'indices' | 'fields'>,
  shape: MessageShape,
  { product, where }: Place,
): Fields {
  const name = fieldName(shape.timestamp);
  const input = `message-timestamp (${formatPointer(shape.timestamp)})`;
  const { unmapped, ...types } = fields[name] ?? {};
  if (Object.keys(types).length === 0)
    throw new UserError(
      'source-index-invalid',
      `${product} has no field "${name}" in ${where}: set ${input} to a field that is mapped as a date.`,
    );
  for (const [type, { indices: those, searchable, aggregatable }] of Object.entries(types)) {
    const whose = `in ${those === undefined ? where : [those].flat().slice(0, 3).join(', ')}`;
    if (type !== 'date' && type !== 'date_nanos')
      throw new UserError(
        'source-index-invalid',
        `${product} maps the field "${name}" as ${type} instead of date ${whose}: map it as date, or change ${input}.`,
      );
    if (!searchable || !aggregatable)
      throw new UserError(
        'source-index-invalid',
        `${product} cannot search and sort by the field "${name}" ${whose}: map it with index and doc_values, or change ${input}.`,
      );
  }
  const hasNanos = types.date_nanos !== undefined;
  return {
    timestamp: { field: name, hasNanos, isMixed: hasNanos && types.date !== undefined },
    id: exactField(fieldName(shape.id), fields),
    status: statusField(statusName(shape), fields),
    withoutTimestamp: unmapped === undefined ? [] : [unmapped.indices ?? indices].flat(),
  };
}

/**
 * The paths that hold everything a message's state depends on, for `_source` filters. They cannot name an element of a
 * list or a member of any name, so a path ends before the first one.
 */
export function stubPaths({ id, timestamp, alerts }: MessageShape): string[] {
  return [id, timestamp, alerts].map((pointer) => {
    const index = pointer.findIndex((token) => isOfMany(token));
    // An empty path would select nothing.
    return (index === -1 ? pointer : pointer.slice(0, index)).join('.') || '*';
  });
}

/** The name of the field that a JSON pointer leads to, without indices of list elements. */
export function fieldName(pointer: Pointer): string {
  return pointer.filter((token) => !isOfMany(token)).join('.');
}

/** True if the pointer leads into a list, whose elements are all values of the field. */
export function isOfList(pointer: Pointer): boolean {
  return pointer.some((token) => isIndex(token));
}

function statusName({ alerts, alertStatus }: MessageShape): string {
  return fieldName([...alerts, ...alertStatus]);
}

/** True if a token selects an element of a list by its index, or every element. */
function isOfMany(token: string): boolean {
  return token === everyToken || isIndex(token);
}

function isIndex(token: string): boolean {
  return /^(0|[1-9]\d*)$/.test(token);
}

/** The field or its `.keyword`, whichever is compared exactly in every index that has it. */
function exactField(name: string, fields: Capabilities['fields']): string | undefined {
  return [name, `${name}.keyword`].find((field) => {
    const types = typesOf(fields[field]);
    return types.length > 0 && types.every(([type, { searchable }]) => exactTypes.has(type) && searchable);
  });
}

function statusField(name: string, fields: Capabilities['fields']): StatusField | undefined {
  const parents = parentsOf(name);
  const nested = parents.find((parent) => fields[parent]?.nested !== undefined);
  // The capabilities do not list the keys of a flattened object, though they are fields. OpenSearch's `flat_object` has none.
  const isFlattened = parents.some((parent) => fields[parent]?.flattened !== undefined);
  const field = [name, `${name}.keyword`].find((each) => {
    const types = typesOf(fields[each]);
    const isExact = types.every(
      ([type, { searchable, aggregatable }]) => exactTypes.has(type) && searchable && aggregatable,
    );
    return isExact && (types.length > 0 || (isFlattened && each === name));
  });
  if (field === undefined) return undefined;
  const isPlain = nested === undefined || typesOf(fields[nested]).some(([type]) => type !== 'nested');
  return { field, nested: nested === undefined ? [] : [nested], isPlain: isPlain || isFlattened };
}

function typesOf(capabilities: FieldCapabilities | undefined) {
  return Object.entries(capabilities ?? {}).filter(([type]) => type !== 'unmapped');
}

/** The objects that contain a field, the innermost first. */
function parentsOf(name: string): string[] {
  const names = name.split('.');
  return names.slice(1).map((_, n) => names.slice(0, names.length - 1 - n).join('.'));
}
