import { DAY_MS } from '../windows/interval.ts';
import type { LedgerRecord } from './ledger.ts';
import type { ObjectFacts, WholeObject } from './object.ts';

/**
 * Evidence that a fully read object is not what a run wrote, as a clause to follow its name; undefined if there is none. An
 * object with the SHA-256 of the ledger is what a run wrote, byte for byte.
 */
export function faultOf(
  { sha256, difference }: WholeObject,
  facts: ObjectFacts,
  record: LedgerRecord | undefined,
  version: string,
): string | undefined {
  if (sha256 === record?.object_sha256) return undefined;
  if (difference !== undefined) return `is damaged or forged (${difference})`;
  if (record?.object_sha256 === undefined) return undefined;
  // A run rewrites a slot only if its content has changed.
  const isSame = record.version === version || record.digest === facts.digest;
  return isSame ? 'does not have the SHA-256 of the ledger: it is damaged or forged' : undefined;
}

/** The latest time at which a row covered by the record can have been read, in ms since 1970. */
export function lastReadAt({ read_at = '', rechecked_at = '' }: LedgerRecord): number {
  return Date.parse(read_at > rechecked_at ? read_at : rechecked_at);
}

/** How far the clock of another machine may be ahead. */
const skewMs = DAY_MS;

/** The same for an object that another machine may just have written. */
export function lastReadAtBy(now: number): number {
  return now + skewMs;
}

/** True if `readAt` is a plausible read time no later than `latest`; both in ms since 1970. */
export function wasRead(readAt: number, latest: number): boolean {
  return readAt > 0 && readAt <= latest;
}
