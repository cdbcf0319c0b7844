import type { SpoolView } from '../memory/spool.ts';
import type { MessageShape } from '../messages/message.ts';
import type { ArchiveRow } from '../messages/read.ts';
import type { RowFacts } from './rows.ts';
import type { ArchiveSchema, Format } from './schema.ts';

/** The metadata of an object, stored in its footer (JSON Lines: its header) and, on S3, in its object metadata. */
export interface ObjectFacts {
  /** From `contentDigest`. */
  readonly digest: string;
  readonly rows: number;
  readonly slot: string;
  readonly layout: string;
  /** From `describeSchema`. */
  readonly schema: string;
}

/** The stored keys of {@link ObjectFacts}. */
const factKeys = {
  digest: 'content-digest',
  rows: 'row-count',
  slot: 'slot',
  layout: 'layout-version',
  schema: 'schema',
} as const;

export const factKeyNames: readonly string[] = Object.values(factKeys);

/** Facts as key-value pairs, for a footer or metadata. */
export function factPairs(facts: ObjectFacts): [string, string][] {
  return [
    [factKeys.digest, facts.digest],
    [factKeys.rows, String(facts.rows)],
    [factKeys.slot, facts.slot],
    [factKeys.layout, facts.layout],
    [factKeys.schema, facts.schema],
  ];
}

/** The facts from key-value pairs; undefined if one is missing, since Message Archive did not write such a file. */
export function factsOf(get: (key: string) => string | undefined): ObjectFacts | undefined {
  const digest = get(factKeys.digest);
  const rows = get(factKeys.rows);
  const slot = get(factKeys.slot);
  const layout = get(factKeys.layout);
  const schema = get(factKeys.schema);
  if (!digest || !rows || !slot || !layout || !schema) return undefined;
  return { digest, rows: Number(rows), slot, layout, schema };
}

/** A request to encode an object: its rows in order, with their payloads in a spool. Posted to a worker thread. */
export interface EncodeJob {
  readonly format: Format;
  readonly schema: ArchiveSchema;
  readonly shape: MessageShape;
  readonly rows: RowFacts;
  readonly spool: SpoolView;
  readonly facts: ObjectFacts;
  /** The file to create. */
  readonly path: string;
}

/** PutObject is limited to 5 GB; for Parquet, parquet-wasm reads at most what 32 bits can address. */
export const objectBytesMax: Readonly<Record<Format, number>> = { parquet: 2 ** 32 - 1, jsonl: 5_000_000_000 };

/** A finished file. `rows` is the row count of its footer, unless the file is too large for an object. */
export interface EncodedObject {
  readonly bytes: number;
  /** Base64, as in S3's `ChecksumSHA256`. */
  readonly sha256: string;
  readonly rows: number | undefined;
  /** For each declared column, the number of rows with a value. */
  readonly filled: readonly number[];
}

/** Consecutive rows of an object, as read back. */
export interface RowChunk {
  /** The row group; 0 for JSON Lines. */
  readonly group: number;
  /** The zero-based number of the first row within the object. */
  readonly first: number;
  readonly ids: readonly string[];
  readonly timestamps: BigInt64Array;
  /** ms since 1970. */
  readonly readAts: Float64Array;
  readonly sources: readonly string[];
  /** 32 bytes for each row. */
  readonly shas: Uint8Array;
  /** Present if requested. Row n is `bytes[offsets[n], offsets[n + 1])`. */
  readonly payloads?: { readonly bytes: Uint8Array; readonly offsets: Int32Array };
}

/** The row values that the payloads give, and the object's values that are not in payloads. */
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
 * Passes on a chunk; resolves when it was processed.
 * @param check compares the chunk with the values that its payloads give, if the object is read whole
 */
export type Emit = (chunk: RowChunk, check?: (expected: ExpectedRows) => void) => Promise<void>;

/** Random access to an object's bytes. A read returns exactly the bytes `[start, end)`. */
export interface ByteRanges {
  readonly size: number;
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** The bytes of an object are not what was written. The message is a clause: `its footer cannot be read`. */
export class DamagedError extends Error {
  static readonly kind = 'DamagedError';
  override readonly name = DamagedError.kind;
  /** True if a library is still reading the bytes or has crashed, so that its thread must not be reused. */
  readonly isStillRead: boolean;

  constructor(reason: string, isStillRead = false) {
    super(reason);
    this.isStillRead = isStillRead;
  }
}

/** Replaces a library's decoding error, whose message helps nobody, by a {@link DamagedError}. Crashes are returned unchanged. */
export function decodingFailure(error: unknown): unknown {
  if (error instanceof DamagedError || error instanceof WebAssembly.RuntimeError) return error;
  return new DamagedError('its bytes cannot be decoded');
}

/** The result of reading an object back. */
export interface ReadResult {
  readonly facts: ObjectFacts;
  /** Set if the object was read whole. */
  readonly whole?: WholeObject;
}

/** The result of reading every byte of an object. */
export interface WholeObject {
  /** Hex SHA-256 of the object's bytes. */
  readonly sha256: string;
  /** The first value that does not match the payloads, as a clause: `the alert_count of row 3 does not match its payload`. */
  readonly difference?: string;
}

export function wholeObject(sha256: string, difference: string | undefined): WholeObject {
  return { sha256, ...(difference !== undefined && { difference }) };
}

/** How to read an object back. */
export interface ReadRequest {
  readonly format: Format;
  readonly payloads: boolean;
  /** If set, each payload must be a closed message with its row's id and timestamp. */
  readonly shape?: MessageShape;
  /** Row groups to read (Parquet only). Default: all. */
  readonly groups?: readonly number[];
  /** Reads and hashes every byte, and compares it with the payloads: see {@link WholeObject}. Requires `shape`. */
  readonly whole?: boolean;
}
