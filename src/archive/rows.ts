import { type SourceName, sourceNames } from '../messages/message.ts';

export const shaBytes = 32;

/** A row: a message, its position in the spool, and its source and read time. */
export interface Row {
  readonly id: string;
  /** µs since 1970. */
  readonly timestamp: bigint;
  /** ms since 1970. */
  readonly readAt: number;
  readonly source: SourceName;
  /** SHA-256 of the payload, 32 bytes; copied. */
  readonly sha: Uint8Array;
  /** Position in the spool; -1 until the payload is there. */
  readonly position: number;
  /** Bytes. */
  readonly length: number;
}

/** The columns of {@link Rows}. */
export interface RowColumns extends RowFacts {
  readonly ids: readonly string[];
  readonly timestamps: BigInt64Array;
}

/** The values of rows that are not in their payloads: the input of the encoding thread. */
export interface RowFacts {
  /** ms since 1970. */
  readonly readAts: Float64Array;
  /** Indices into `sourceNames`. */
  readonly sources: Uint8Array;
  readonly shas: Uint8Array;
  readonly positions: Float64Array;
  readonly lengths: Uint32Array;
}

/** The rows of a slot by id, stored in columns: about 130 bytes for each row, plus the id. */
export class Rows {
  readonly #at = new Map<string, number>();
  #ids: string[] = [];
  #timestamps = new BigInt64Array(1024);
  #readAts = new Float64Array(1024);
  #sources = new Uint8Array(1024);
  #shas = new Uint8Array(1024 * shaBytes);
  #positions = new Float64Array(1024);
  #lengths = new Uint32Array(1024);

  get size(): number {
    return this.#ids.length;
  }

  /** The number of an id's row; undefined if there is none. */
  find(id: string): number | undefined {
    return this.#at.get(id);
  }

  /** Adds a row, replacing one with the same id, and returns its number. */
  set(row: Row): number {
    const at = this.#numberFor(row.id);
    this.#timestamps[at] = row.timestamp;
    this.#readAts[at] = row.readAt;
    this.#sources[at] = sourceNames.indexOf(row.source);
    this.#shas.set(row.sha, at * shaBytes);
    this.#positions[at] = row.position;
    this.#lengths[at] = row.length;
    return at;
  }

  /** Like {@link set}, with a row of `others`. */
  take(others: Rows, at: number): number {
    const to = this.#numberFor(others.#ids[at]!);
    this.#timestamps[to] = others.#timestamps[at]!;
    this.#readAts[to] = others.#readAts[at]!;
    this.#sources[to] = others.#sources[at]!;
    for (let n = 0; n < shaBytes; n += 1) this.#shas[to * shaBytes + n] = others.#shas[at * shaBytes + n]!;
    this.#positions[to] = others.#positions[at]!;
    this.#lengths[to] = others.#lengths[at]!;
    return to;
  }

  /** Sets the position of a row's payload in the spool. */
  place(at: number, position: number, length: number): void {
    this.#positions[at] = position;
    this.#lengths[at] = length;
  }

  id(at: number): string {
    return this.#ids[at]!;
  }

  timestamp(at: number): bigint {
    return this.#timestamps[at]!;
  }

  readAt(at: number): number {
    return this.#readAts[at]!;
  }

  source(at: number): SourceName {
    return sourceNames[this.#sources[at]!]!;
  }

  /** A view, not a copy. */
  sha(at: number): Uint8Array {
    return this.#shas.subarray(at * shaBytes, (at + 1) * shaBytes);
  }

  position(at: number): number {
    return this.#positions[at]!;
  }

  length(at: number): number {
    return this.#lengths[at]!;
  }

  row(at: number): Row {
    return {
      id: this.id(at),
      timestamp: this.timestamp(at),
      readAt: this.readAt(at),
      source: this.source(at),
      sha: this.sha(at),
      position: this.position(at),
      length: this.length(at),
    };
  }

  /** Row numbers in object order: by timestamp, then by the UTF-8 bytes of the id. */
  order(): Uint32Array {
    const order = new Uint32Array(this.size).map((_, at) => at);
    // Reading bigints would allocate two of them for each comparison.
    const approximate = Float64Array.from(order, (at) => Number(this.#timestamps[at]!));
    return order.sort((a, b) => {
      const [x, y] = [approximate[a]!, approximate[b]!];
      return x < y ? -1 : x > y ? 1 : this.#compareExactly(a, b);
    });
  }

  #compareExactly(a: number, b: number): number {
    const [x, y] = [this.#timestamps[a]!, this.#timestamps[b]!];
    return x < y ? -1 : x > y ? 1 : compareIds(this.#ids[a]!, this.#ids[b]!);
  }

  /** Copies of the columns, in the given order. */
  columns(order: Uint32Array): RowColumns {
    const count = order.length;
    const shas = new Uint8Array(count * shaBytes);
    order.forEach((at, n) => {
      shas.set(this.sha(at), n * shaBytes);
    });
    return {
      ids: Array.from(order, (at) => this.#ids[at]!),
      timestamps: new BigInt64Array(count).map((_, n) => this.#timestamps[order[n]!]!),
      readAts: new Float64Array(count).map((_, n) => this.#readAts[order[n]!]!),
      sources: new Uint8Array(count).map((_, n) => this.#sources[order[n]!]!),
      shas,
      positions: new Float64Array(count).map((_, n) => this.#positions[order[n]!]!),
      lengths: new Uint32Array(count).map((_, n) => this.#lengths[order[n]!]!),
    };
  }

  /** The number of an id's row; adds a row for a new id. */
  #numberFor(id: string): number {
    const known = this.#at.get(id);
    if (known !== undefined) return known;
    const at = this.#ids.length;
    if (at === this.#lengths.length) this.#grow();
    this.#ids.push(id);
    this.#at.set(id, at);
    return at;
  }

  #grow(): void {
    const count = this.#lengths.length * 2;
    this.#timestamps = copied(new BigInt64Array(count), this.#timestamps);
    this.#readAts = copied(new Float64Array(count), this.#readAts);
    this.#sources = copied(new Uint8Array(count), this.#sources);
    this.#shas = copied(new Uint8Array(count * shaBytes), this.#shas);
    this.#positions = copied(new Float64Array(count), this.#positions);
    this.#lengths = copied(new Uint32Array(count), this.#lengths);
  }
}

export function factsOfRows({ readAts, sources, shas, positions, lengths }: RowColumns): RowFacts {
  return { readAts, sources, shas, positions, lengths };
}

function copied<T extends { set(from: T): void }>(to: T, from: T): T {
  to.set(from);
  return to;
}

export function isSource(name: string): name is SourceName {
  return (sourceNames as readonly string[]).includes(name);
}

/** The source of a row. */
export function sourceAt(columns: RowFacts, n: number): SourceName {
  return sourceNames[columns.sources[n]!]!;
}

/** Concatenates hex hashes, as 32 bytes each even if a text is malformed. */
export function packShas(texts: readonly string[]): Uint8Array {
  const shas = new Uint8Array(texts.length * shaBytes);
  texts.forEach((text, n) => {
    shas.set(Buffer.from(text, 'hex').subarray(0, shaBytes), n * shaBytes);
  });
  return shas;
}

/**
 * Compares two ids by their UTF-8 bytes, as DuckDB, Spark and Athena do. JavaScript compares UTF-16 units, which puts
 * surrogates (U+10000 and above) before U+E000 to U+FFFF, so those two ranges are swapped.
 */
export function compareIds(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return utf8Rank(x) - utf8Rank(y);
  }
  return a.length - b.length;
}

function utf8Rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
