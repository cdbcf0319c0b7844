/** Where a command says what it does. */
export interface Log {
  line(text: string): void;
  /** Something that a person should look into; the run goes on. */
  warning(text: string): void;
  /** Something that makes the run fail in its end. */
  error(text: string): void;
}
