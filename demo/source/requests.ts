/** A page request and its response; a status of 0 means no response yet. */
export interface RequestRecord {
  readonly query: string;
  readonly status: number;
  /** The fault that affected it. */
  readonly fault?: string;
}

/** Counters of page requests since the source was started or the counters were reset. */
export interface RequestCounters {
  readonly count: number;
  /** Requests in progress. */
  readonly concurrent: number;
  readonly concurrentMax: number;
  /** Responses by status code; a truncated response counts as 200. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Bytes of all pages sent. */
  readonly bytes: number;
  /** The most recent requests, newest last. */
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

  /** Counts a request. Call `answered` at most once, and `ended` once. */
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

  /** Resets all counters except the requests in progress. */
  reset(): void {
    this.#count = 0;
    this.#concurrentMax = this.#concurrent;
    this.#bytes = 0;
    this.#statuses = {};
    this.#log = [];
  }
}
