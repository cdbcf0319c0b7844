import { type SourceName, sourceNames } from '../messages/message.ts';

export const shaBytes = 32;
const sources: readonly SourceName[] = sourceNames;

/** One row to add: a message, where its bytes lie in the spool, and from where and when it was read. */
export interface Row {
  readonly id: string;
  /** µs since 1970. */
  readonly timestamp: bigint;
  /** ms since 1970. */
  readonly readAt: number;
  readonly source: SourceName;
  /** SHA-256 of the payload: 32 bytes, copied. */
  readonly sha: Uint8Array;
  /** First byte in the spool; -1 while the payload is not there. */
  readonly position: number;
  /** Bytes. */
  readonly length: number;
}

/** The columns of {@link Rows}. */
export interface RowColumns extends RowFacts {
  readonly ids: readonly string[];
  readonly timestamps: BigInt64Array;
}

/** What payloads do not tell of their rows: all that the thread needs that encodes them. */
export interface RowFacts {
  readonly readAts: Float64Array;
  readonly sources: Uint8Array;
  readonly shas: Uint8Array;
  readonly positions: Float64Array;
  readonly lengths: Uint32Array;
}

/** The index of a slot's rows, one entry an id, held in columns: about 130 bytes a row beside the id's own text. */
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

  /** The row of an id, or undefined. */
  find(id: string): number | undefined {
    return this.#at.get(id);
  }

  /** Adds a row, or puts it in the place of the one of the same id; returns its number. */
  set(row: Row): number {
    const at = this.#placeFor(row.id);
    this.#timestamps[at] = row.timestamp;
    this.#readAts[at] = row.readAt;
    this.#sources[at] = sources.indexOf(row.source);
    this.#shas.set(row.sha, at * shaBytes);
    this.#positions[at] = row.position;
    this.#lengths[at] = row.length;
    return at;
  }

  /** As {@link set}, with a row of others. */
  take(others: Rows, at: number): number {
    const to = this.#placeFor(others.#ids[at]!);
    this.#timestamps[to] = others.#timestamps[at]!;
    this.#readAts[to] = others.#readAts[at]!;
    this.#sources[to] = others.#sources[at]!;
    for (let n = 0; n < shaBytes; n += 1) this.#shas[to * shaBytes + n] = others.#shas[at * shaBytes + n]!;
    this.#positions[to] = others.#positions[at]!;
    this.#lengths[to] = others.#lengths[at]!;
    return to;
  }

  /** Says where a row's payload lies in the spool. */
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
    return sources[this.#sources[at]!]!;
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

  /** The rows' numbers, sorted by timestamp and then by the id's UTF-8 bytes: the order of an object. */
  order(): Uint32Array {
    const order = new Uint32Array(this.size).map((_, at) => at);
    // Read as bigints, each comparison would leave two of them to the garbage collector.
    const about = Float64Array.from(order, (at) => Number(this.#timestamps[at]!));
    return order.sort((a, b) => {
      const [x, y] = [about[a]!, about[b]!];
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

  /** The number of an id's row, which is new where the id is. */
  #placeFor(id: string): number {
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
  return (sources as readonly string[]).includes(name);
}

/** The source that a number in {@link RowFacts.sources} stands for. */
export function sourceAt(columns: RowFacts, n: number): SourceName {
  return sources[columns.sources[n]!]!;
}

/** Puts hashes, given as hex, side by side: 32 bytes each, whatever the text holds. */
export function packShas(texts: readonly string[]): Uint8Array {
  const shas = new Uint8Array(texts.length * shaBytes);
  texts.forEach((text, n) => {
    shas.set(Buffer.from(text, 'hex').subarray(0, shaBytes), n * shaBytes);
  });
  return shas;
}

/**
 * Orders two ids by their UTF-8 bytes, as DuckDB, Spark and Athena do. JavaScript's own order is that of UTF-16, which
 * puts surrogates (U+10000 and above) before U+E000 to U+FFFF; here those two groups change places.
 */
export function compareIds(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return byteRank(x) - byteRank(y);
  }
  return a.length - b.length;
}

function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
