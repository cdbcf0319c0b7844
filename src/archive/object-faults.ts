import { DAY_MS } from '../windows/interval.ts';
import type { LedgerRecord } from './ledger.ts';
import type { ObjectFacts, WholeObject } from './object.ts';

/**
 * What tells, of an object that was read whole, that no run left it so: a clause after its name; undefined where nothing
 * does. Who has the ledger's SHA-256 is the object that a run wrote, byte for byte.
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
  // A run that writes a slot again does so since its content is another.
  const isSame = record.version === version || record.digest === facts.digest;
  return isSame ? 'has other bytes than the ledger says: it is damaged or forged' : undefined;
}

/** The last instant at which a row can have been read that the record speaks of, in ms since 1970. */
export function lastReadAt({ read_at = '', rechecked_at = '' }: LedgerRecord): number {
  return Date.parse(read_at > rechecked_at ? read_at : rechecked_at);
}

/** How far another machine's clock may be ahead of ours. */
const skewMs = DAY_MS;

/** The same of an object that another machine may have written a moment ago. */
export function lastReadAtBy(now: number): number {
  return now + skewMs;
}

/** Whether a row can have been read at `readAt`, where none was after `latest`; both in ms since 1970. */
export function wasRead(readAt: number, latest: number): boolean {
  return readAt > 0 && readAt <= latest;
}
