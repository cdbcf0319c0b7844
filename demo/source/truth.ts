import { hash } from 'node:crypto';
import { bytesMaxOf, writeParts } from './encode.ts';
import type { State } from './life.ts';
import { isVisible, stateAt } from './life.ts';
import type { Messages, Range } from './messages.ts';
import { ALWAYS } from './messages.ts';

/** Ground truth about a message as of one instant. */
export interface Version {
  readonly state: State;
  /** SHA-256 of the message's exact JSON bytes, in hexadecimal. */
  readonly sha256: string;
}

/** Ground truth about a visible message; a flawed one may have no id, or one that is not valid Unicode. */
export interface Truth extends Version {
  readonly id: string | null;
  /** In µs since 1970; if it is invalid, the timestamp by which the source lists the message. */
  readonly timestamp: bigint;
}

/** Ground truth about a message at several instants; null if it is not visible then. */
export interface History {
  readonly id: string | null;
  readonly timestamp: bigint;
  readonly versions: readonly (Version | null)[];
}

/**
 * Yields the truth about the visible messages of a range, by timestamp, then id. It is derived without parsing JSON.
 * @param asOf in ms since 1970
 */
export function* truth(messages: Messages, asOf: number, range: Range = ALWAYS): Generator<Truth> {
  for (const { id, timestamp, versions } of history(messages, [asOf], range)) {
    const version = versions[0];
    if (version) yield { id, timestamp, ...version };
  }
}

/**
 * Yields the truth about every message of a range that is visible at any of the instants (ms since 1970): its state and hash
 * at each. It determines the content of an archive after runs at these instants.
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
