import type { SourceName } from '../messages/message.ts';
import type { Instant } from '../windows/interval.ts';

/** A message that differs between the two sources. */
export interface Difference {
  /** Truncated. */
  readonly id: string;
  /** Its state in the source that lacks it among messages with alerts; absent if the source does not return it at all. */
  readonly shown?: 'unalerted' | 'invalid' | undefined;
}

/** A number of messages, with the first 20 of them. */
export interface NamedMessages {
  readonly count: number;
  readonly named: readonly Difference[];
}

/** The result of comparing both sources from the day `from` to the day `to` (exclusive), or the reason why that failed. */
export type Comparison =
  | { readonly from: Instant; readonly to: Instant; readonly failure: string }
  | {
      readonly from: Instant;
      readonly to: Instant;
      /** The source of settled slots; plans of earlier releases do not name it. */
      readonly settled?: SourceName | undefined;
      /** Messages that both sources return with alerts. */
      readonly both: number;
      /** Messages that only the other source returns with alerts. Omits a source that lacks none. */
      readonly lacking: readonly ({ readonly source: SourceName } & NamedMessages)[];
      /** Messages with alerts whose content differs, ignoring spelling. */
      readonly differing: NamedMessages;
    };
