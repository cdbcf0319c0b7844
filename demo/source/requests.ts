/** One request for a page, and what was answered; a status of 0: not yet anything. */
export interface RequestRecord {
  readonly query: string;
  readonly status: number;
  /** The failure that hit it. */
  readonly fault?: string;
}

/** What was asked of a source since it started, or since its counters were set back: requests for pages only. */
export interface RequestCounters {
  readonly count: number;
  /** How many are being answered now. */
  readonly concurrent: number;
  readonly concurrentMax: number;
  /** How many were answered with each status; the 200 of an answer that was cut counts too. */
  readonly statuses: Readonly<Record<string, number>>;
  /** How many bytes of pages were handed to the network. */
  readonly bytes: number;
  /** The last ones, the newest last. */
  readonly log: readonly RequestRecord[];
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const LOG_MAX = 1_000;

/** Counts requests. */
export class Requests {
  #count = 0;
  #concurrent = 0;
  #concurrentMax = 0;
  #bytes = 0;
  #statuses: Record<string, number> = {};
  #log: Writable<RequestRecord>[] = [];

  /** Counts a request, whose `answered` is called at most once, and `ended` once. */
  begin(query: string): { answered(status: number, bytes: number, fault?: string): void; ended(): void } {
    const record: Writable<RequestRecord> = { query, status: 0 };
    this.#count++;
    this.#concurrent++;
    this.#concurrentMax = Math.max(this.#concurrentMax, this.#concurrent);
    this.#log.push(record);
    if (this.#log.length > LOG_MAX) this.#log.shift();
    return {
      answered: (status, bytes, fault) => {
        record.status = status;
        if (fault !== undefined) record.fault = fault;
        this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
        this.#bytes += bytes;
      },
      ended: () => {
        this.#concurrent--;
      },
    };
  }

  counters(): RequestCounters {
    return {
      count: this.#count,
      concurrent: this.#concurrent,
      concurrentMax: this.#concurrentMax,
      statuses: { ...this.#statuses },
      bytes: this.#bytes,
      log: this.#log.map((record) => ({ ...record })),
    };
  }

  /** Sets all counters to 0, but for the requests that are being answered. */
  reset(): void {
    this.#count = 0;
    this.#concurrentMax = this.#concurrent;
    this.#bytes = 0;
    this.#statuses = {};
    this.#log = [];
  }
}
