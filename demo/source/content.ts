/** A JSON text in parts: strings still to be encoded, and bytes of UTF-8 that are ready to be copied. */
export type Parts = readonly (string | Uint8Array)[];

/** A member of a message: its name and its value as JSON text. */
export type Member = readonly [name: string, value: string | Parts];

/** What messages say: all of them but ids, timestamps and alerts, which have a life of their own. */
export interface Content {
  /** How many messages there can be; undefined: any number. */
  readonly countMax: number | undefined;
  /** The id of a message; no two have the same one. */
  idOf(index: number): string;
  /**
   * The other members of a message.
   * @param us its timestamp, in µs since 1970
   * @param amended whether its text is the later one
   */
  membersOf(index: number, us: number, amended: boolean): Member[];
  /** Gives back what is held open. */
  close(): void;
}
