import type { SourceName } from '../messages/message.ts';
import type { Instant } from '../windows/interval.ts';

/** A message that one source shows otherwise than the other. */
export interface Difference {
  /** Cut where it is long. */
  readonly id: string;
  /** As what the source shows it that lacks it among the messages with alerts; absent where it does not show it. */
  readonly shown?: 'unalerted' | 'invalid' | undefined;
}

/** So many messages, of which the first 20 are named. */
export interface NamedMessages {
  readonly count: number;
  readonly named: readonly Difference[];
}

/** What a comparison of both sources found, over the days from `from` to `to` (exclusive); or why none was made. */
export type Comparison =
  | { readonly from: Instant; readonly to: Instant; readonly failure: string }
  | {
      readonly from: Instant;
      readonly to: Instant;
      /** Messages that both show with alerts. */
      readonly both: number;
      /** Messages that the other source shows with alerts, and this one does not; a source that lacks none is left out. */
      readonly lacking: readonly ({ readonly source: SourceName } & NamedMessages)[];
      /** Messages with alerts whose content differs, beyond how it is spelled. */
      readonly differing: NamedMessages;
    };
