/** JSON text in parts: strings still to be encoded, and UTF-8 bytes ready to be copied. */
export type Parts = readonly (string | Uint8Array)[];

/** A member of a message: name, and value as JSON text. */
export type Member = readonly [name: string, value: string | Parts];

/** The content of messages: every member except id, timestamp and alerts. */
export interface Content {
  /** Number of messages available; undefined means unlimited. */
  readonly countMax: number | undefined;
  /** Returns the id of a message. Ids are unique. */
  idOf(index: number): string;
  /**
   * Returns the other members of a message.
   * @param us its timestamp, in µs since 1970
   * @param amended true for the amended version
   */
  membersOf(index: number, us: number, amended: boolean): Member[];
  /** Closes open files. */
  close(): void;
}
