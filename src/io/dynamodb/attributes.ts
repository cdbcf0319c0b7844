import type { AttributeValue } from '@aws-sdk/client-dynamodb';

export type Attributes = Record<string, AttributeValue>;

type Plain = string | number | boolean | Plain[] | { [name: string]: Plain | undefined };

const numberBytesMax = 21;
const nestedBytes = 3;

/**
 * The DynamoDB attribute for a value.
 * @throws TypeError for anything but strings, finite numbers, booleans, and lists and objects of them
 */
export function toAttribute(value: unknown): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number' && Number.isFinite(value)) return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  if (typeof value === 'object' && value !== null) return { M: toAttributes(value) };
  throw new TypeError(`A value of type ${typeof value} has no attribute type.`);
}

/** {@link toAttribute} for each member of an object, without undefined ones. */
export function toAttributes(value: object): Attributes {
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, toAttribute(member)]));
}

/** The inverse of {@link toAttribute}; undefined for a type that it does not write. */
function fromAttribute({ S, N, BOOL, L, M }: AttributeValue): Plain | undefined {
  if (L !== undefined) return L.map(fromAttribute).filter((value) => value !== undefined);
  if (M !== undefined) return fromAttributes(M);
  return N === undefined ? (S ?? BOOL) : Number(N);
}

/** The inverse of {@link toAttributes}. */
export function fromAttributes(attributes: Attributes): Record<string, Plain | undefined> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, fromAttribute(value)]));
}

/** The size of an item as DynamoDB counts it, in bytes, rounded up. */
export function attributesBytes(attributes: Attributes): number {
  return Object.entries(attributes).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + 1 + attributeBytes(value),
    0,
  );
}

function attributeBytes({ S, N, L, M }: AttributeValue): number {
  if (S !== undefined) return Buffer.byteLength(S);
  if (N !== undefined) return numberBytesMax;
  if (L !== undefined) return L.reduce((sum, value) => sum + 1 + attributeBytes(value), nestedBytes);
  return M === undefined ? 1 : nestedBytes + attributesBytes(M);
}
