import * as v from 'valibot';
import { UserError } from '../../errors.ts';
import { formatPointer, type Pointer } from '../../messages/json/pointer.ts';
import type { MessageShape } from '../../messages/message.ts';
import { everyToken } from '../../messages/shape.ts';

/** What Elasticsearch's field capabilities say of one field, by type (`unmapped` where an index has no such field). */
const fieldCapabilities = v.record(
  v.string(),
  v.object({
    searchable: v.boolean(),
    aggregatable: v.boolean(),
    indices: v.optional(v.union([v.string(), v.array(v.string())])),
  }),
);

export type FieldCapabilities = v.InferOutput<typeof fieldCapabilities>;

/** The answer of the field capabilities API, as far as it is looked at. */
export const capabilities = v.object({
  indices: v.array(v.string()),
  fields: v.record(v.string(), fieldCapabilities),
  failed_indices: v.optional(v.number(), 0),
});

export type Capabilities = v.InferOutput<typeof capabilities>;

export interface TimestampField {
  readonly field: string;
  /** Whether it is a `date_nanos` in some index, and a `date` in another. */
  readonly hasNanos: boolean;
  readonly isMixed: boolean;
}

/** Where the index can tell statuses from each other. */
export interface StatusField {
  readonly field: string;
  /** The nested paths that it stands under. */
  readonly nested: readonly string[];
  /** Whether it stands under none in some index. */
  readonly isPlain: boolean;
}

/** What the indices know of the parts of a message. */
export interface Fields {
  readonly timestamp: TimestampField;
  /** A field that holds ids exactly as they are, though perhaps not all of them; undefined where there is none. */
  readonly id: string | undefined;
  /** Undefined where no index can tell statuses. */
  readonly status: StatusField | undefined;
  /** Indices in which the timestamp is not mapped: their messages cannot be found by it. */
  readonly withoutTimestamp: readonly string[];
}

const exactTypes: ReadonlySet<string> = new Set(['keyword', 'constant_keyword', 'wildcard']);

/** The fields to ask the field capabilities API for. */
export function fieldsInQuestion(shape: MessageShape): string[] {
  const status = statusName(shape);
  const id = fieldName(shape.id);
  const statusFields = status === '' ? [] : [status, `${status}.keyword`, ...parentsOf(status)];
  return [fieldName(shape.timestamp), id, `${id}.keyword`, ...statusFields];
}

/**
 * Reads what the indices know of a message's parts.
 * @param where the indices for people: `messages-* at https://…`
 * @throws UserError where the timestamp is not a date in every index that has it, or has no doc values
 */
export function readFields(
  { indices, fields }: Pick<Capabilities, 'indices' | 'fields'>,
  shape: MessageShape,
  where: string,
): Fields {
  const name = fieldName(shape.timestamp);
  const input = `message-timestamp (${formatPointer(shape.timestamp)})`;
  const { unmapped, ...types } = fields[name] ?? {};
  if (Object.keys(types).length === 0)
    throw new UserError(
      `Elasticsearch has no field "${name}" in ${where}: see ${input}, it must name a field that is mapped as a date.`,
    );
  for (const [type, { indices: those, searchable, aggregatable }] of Object.entries(types)) {
    const whose = `in ${those === undefined ? where : [those].flat().slice(0, 3).join(', ')}`;
    if (type !== 'date' && type !== 'date_nanos')
      throw new UserError(
        `Elasticsearch has the field "${name}" as ${type} and not as date ${whose}: map it as a date there, or see ${input}.`,
      );
    if (!searchable || !aggregatable)
      throw new UserError(
        `Elasticsearch cannot search and sort by the field "${name}" ${whose}: map it with index and doc_values, or see ${input}.`,
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
 * The paths that hold all that tells a message's state, as `_source` filters take them. Elements of lists cannot be
 * named, nor members of whatever name, so what is pointed into comes as a whole.
 */
export function stubPaths({ id, timestamp, alerts }: MessageShape): string[] {
  return [id, timestamp, alerts].map((pointer) => {
    const index = pointer.findIndex((token) => isOfMany(token));
    // Where nothing is named before what is pointed into, all of the message is.
    return (index === -1 ? pointer : pointer.slice(0, index)).join('.') || '*';
  });
}

/** A JSON pointer as Elasticsearch names a field: lists have no place in a name. */
export function fieldName(pointer: Pointer): string {
  return pointer.filter((token) => !isOfMany(token)).join('.');
}

/** Whether the value is an element of a list, of which the field has all. */
export function isOfList(pointer: Pointer): boolean {
  return pointer.some((token) => isIndex(token));
}

function statusName({ alerts, alertStatus }: MessageShape): string {
  return fieldName([...alerts, ...alertStatus]);
}

/** Whether it stands for an element of a list, by its index or (of the alerts) for every one. */
function isOfMany(token: string): boolean {
  return token === everyToken || isIndex(token);
}

function isIndex(token: string): boolean {
  return /^(0|[1-9]\d*)$/.test(token);
}

/** The field itself or its `.keyword`, whichever can be compared exactly in every index that has it. */
function exactField(name: string, fields: Capabilities['fields']): string | undefined {
  return [name, `${name}.keyword`].find((field) => {
    const types = typesOf(fields[field]);
    return types.length > 0 && types.every(([type, { searchable }]) => exactTypes.has(type) && searchable);
  });
}

function statusField(name: string, fields: Capabilities['fields']): StatusField | undefined {
  const parents = parentsOf(name);
  const nested = parents.find((parent) => fields[parent]?.nested !== undefined);
  // The keys of a flattened object are fields that the capabilities do not list.
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

/** The objects that a field stands in, the innermost first. */
function parentsOf(name: string): string[] {
  const names = name.split('.');
  return names.slice(1).map((_, n) => names.slice(0, names.length - 1 - n).join('.'));
}
