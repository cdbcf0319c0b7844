import { UserError } from '../errors.ts';
import type { SpoolView } from '../memory/spool.ts';
import type { MessageShape } from '../messages/message.ts';
import type { ArchiveRow } from '../messages/read.ts';
import type { RowFacts } from './rows.ts';
import type { ArchiveSchema, Format } from './schema.ts';

/** What an object says of itself, in its footer (JSON Lines: in its header) and, on S3, in its metadata. */
export interface ObjectFacts {
  /** See {@link contentDigest}. */
  readonly digest: string;
  readonly rows: number;
  readonly slot: string;
  readonly layout: string;
  /** Its columns: see {@link describeSchema}. */
  readonly schema: string;
}

/** The keys of {@link ObjectFacts} as they are stored. */
const factKeys = {
  digest: 'content-digest',
  rows: 'row-count',
  slot: 'slot',
  layout: 'layout-version',
  schema: 'schema',
} as const;

export const factKeyNames: readonly string[] = Object.values(factKeys);

/** Facts as text pairs, for a footer or metadata. */
export function factPairs(facts: ObjectFacts): [string, string][] {
  return [
    [factKeys.digest, facts.digest],
    [factKeys.rows, String(facts.rows)],
    [factKeys.slot, facts.slot],
    [factKeys.layout, facts.layout],
    [factKeys.schema, facts.schema],
  ];
}

/** The facts among text pairs; undefined where one is missing: such a file was not written by this tool. */
export function factsOf(get: (key: string) => string | undefined): ObjectFacts | undefined {
  const digest = get(factKeys.digest);
  const rows = get(factKeys.rows);
  const slot = get(factKeys.slot);
  const layout = get(factKeys.layout);
  const schema = get(factKeys.schema);
  if (!digest || !rows || !slot || !layout || !schema) return undefined;
  return { digest, rows: Number(rows), slot, layout, schema };
}

/** An object to be encoded: its rows in order, their payloads in a spool. Crosses to a worker. */
export interface EncodeJob {
  readonly format: Format;
  readonly schema: ArchiveSchema;
  readonly shape: MessageShape;
  readonly rows: RowFacts;
  readonly spool: SpoolView;
  readonly facts: ObjectFacts;
  /** The file to write; made anew. */
  readonly path: string;
}

/** An object is one PutObject, which ends at 5 GB; of Parquet, parquet-wasm reads back what it can count in 32 bits. */
export const objectBytesMax: Readonly<Record<Format, number>> = { parquet: 2 ** 32 - 1, jsonl: 5_000_000_000 };

/** A finished file: its size, its hash and, unless it is too large for an object, the rows that its own footer counts. */
export interface EncodedObject {
  readonly bytes: number;
  /** Base64, as S3's `ChecksumSHA256` wants it. */
  readonly sha256: string;
  readonly rows: number | undefined;
  /** How many rows have a value, by declared column. */
  readonly filled: readonly number[];
}

/** Some rows of an object as they were read back. */
export interface RowChunk {
  /** The row group (JSON Lines: 0) and the object's row number of the first row. */
  readonly group: number;
  readonly first: number;
  readonly ids: readonly string[];
  readonly timestamps: BigInt64Array;
  /** ms since 1970. */
  readonly readAts: Float64Array;
  readonly sources: readonly string[];
  /** As stored: 32 bytes a row. */
  readonly shas: Uint8Array;
  /** Where payloads were asked for: row n is `bytes[offsets[n], offsets[n + 1])`. */
  readonly payloads?: { readonly bytes: Uint8Array; readonly offsets: Int32Array };
}

/** Rows as their payloads give them, and what stands beside these in the object. */
export interface ExpectedRows {
  readonly rows: readonly ArchiveRow[];
  readonly sources: readonly string[];
  /** ms since 1970. */
  readonly readAts: Float64Array;
  /** Hex. */
  readonly shas: readonly string[];
  readonly payloads: readonly Uint8Array[];
}

/**
 * Hands on a chunk that was read; resolves when it was taken.
 * @param check where the object is read whole: is given what the chunk's payloads say, and notes what differs
 */
export type Emit = (chunk: RowChunk, check?: (expected: ExpectedRows) => void) => Promise<void>;

/** Random access to an object's bytes; a read returns exactly the bytes of `[start, end)`. */
export interface ByteRanges {
  readonly size: number;
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** The bytes of an object are not what was written. Its message is a reason, to be put after the object's name. */
export class DamagedError extends UserError {
  static readonly kind = 'DamagedError';
  override readonly name = DamagedError.kind;
  /** Whether a library was still at work on the bytes, or has broken down over them. */
  readonly isStillRead: boolean;

  constructor(reason: string, isStillRead = false) {
    super(reason);
    this.isStillRead = isStillRead;
  }
}

/** What a library says that took the bytes for what they are not, without breaking down: nothing for people. */
export function decodingFailure(error: unknown): unknown {
  if (error instanceof DamagedError || error instanceof WebAssembly.RuntimeError) return error;
  return new DamagedError('its bytes cannot be decoded');
}

/** What was found of an object that was read back. */
export interface ReadResult {
  readonly facts: ObjectFacts;
  /** Of one that was read whole. */
  readonly whole?: WholeObject;
}

/** What reading every byte of an object told. */
export interface WholeObject {
  /** Hex SHA-256 of the object's own bytes. */
  readonly sha256: string;
  /** The first thing beside the payloads that is not what they give, a clause: `the alert_count of its row 3 is not ...`. */
  readonly difference?: string;
}

export function wholeObject(sha256: string, difference: string | undefined): WholeObject {
  return { sha256, ...(difference !== undefined && { difference }) };
}

/** What is wanted of an object that is read back. */
export interface ReadRequest {
  readonly format: Format;
  readonly payloads: boolean;
  /** Where it is given, each payload that is read must be a closed message of its row's id and timestamp. */
  readonly shape?: MessageShape;
  /** Row groups (Parquet only); all where absent. */
  readonly groups?: readonly number[];
  /** Whether every byte is read, hashed and held against what the payloads give: see {@link WholeObject}. Needs a shape. */
  readonly whole?: boolean;
}
