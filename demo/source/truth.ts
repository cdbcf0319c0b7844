import { hash } from 'node:crypto';
import { bytesMaxOf, writeParts } from './encode.ts';
import type { State } from './life.ts';
import { isVisible, stateAt } from './life.ts';
import type { Messages, Range } from './messages.ts';
import { ALWAYS } from './messages.ts';

/** What is true of a message as of one instant. */
export interface Version {
  readonly state: State;
  /** Of the message's exact JSON bytes, in hexadecimal. */
  readonly sha256: string;
}

/** What is true of a visible message; a flawed one may have no id, or one that is no Unicode. */
export interface Truth extends Version {
  readonly id: string | null;
  /** In µs since 1970; of an unreadable one, the timestamp by which the source lists it. */
  readonly timestamp: bigint;
}

/** What is true of a message at each of several instants; null: it cannot be seen then. */
export interface History {
  readonly id: string | null;
  readonly timestamp: bigint;
  readonly versions: readonly (Version | null)[];
}

/**
 * The truth about the visible messages of a range, by timestamp, then id, from what they are made of: no JSON is read.
 * @param asOf in ms since 1970
 */
export function* truth(messages: Messages, asOf: number, range: Range = ALWAYS): Generator<Truth> {
  for (const { id, timestamp, versions } of history(messages, [asOf], range)) {
    const version = versions[0];
    if (version) yield { id, timestamp, ...version };
  }
}

/**
 * The truth about every message of a range that can be seen at any of the instants, in ms since 1970: its state and
 * text at each. From it follows what an archive holds after runs at these instants.
 */
export function* history(messages: Messages, instants: readonly number[], range: Range = ALWAYS): Generator<History> {
  for (const index of messages.inOrder(range)) {
    const life = messages.life(index);
    const versions = instants.map((asOf) =>
      isVisible(life, asOf) ? { state: stateAt(life, asOf), sha256: sha256Of(messages, index, asOf) } : null,
    );
    if (versions.every((version) => version === null)) continue;
    yield { id: messages.servedId(index), timestamp: BigInt(messages.timeline.at(index)), versions };
  }
}

function sha256Of(messages: Messages, index: number, asOf: number): string {
  const parts = messages.text(index, asOf);
  const bytes = Buffer.allocUnsafe(bytesMaxOf(parts));
  return hash('sha256', bytes.subarray(0, writeParts(parts, bytes, 0)));
}
