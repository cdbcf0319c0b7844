import { contentDigest } from '../archive/digest.ts';
import { layoutVersion, slotOfPath } from '../archive/layout.ts';
import type { LedgerRecord } from '../archive/ledger.ts';
import {
  DamagedError,
  type ObjectFacts,
  type ReadRequest,
  type RowChunk,
  type WholeObject,
} from '../archive/object.ts';
import { faultOf, lastReadAt, lastReadAtBy, wasRead } from '../archive/object-faults.ts';
import { Rows, shaBytes } from '../archive/rows.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { OpenObject } from '../io/ports.ts';
import type { Spool } from '../memory/spool.ts';
import type { SourceName } from '../messages/message.ts';
import { readObject } from '../worker/objects.ts';

/** What the archive holds of a slot; payloads come into the spool only when they are asked for. */
export interface ArchivedRows {
  /** Absent where there is no object. */
  readonly facts: ObjectFacts | undefined;
  readonly rows: Rows;
  /** Hex SHA-256 of the object's own bytes; absent where there is none, or where neither the ledger nor a look at all of it tells. */
  readonly sha256: string | undefined;
  /** Brings the payloads of the rows wanted into the spool, reading no other row groups than theirs. */
  place(isWanted: (at: number) => boolean): Promise<void>;
}

/**
 * Reads which rows an object holds. Where the object is the one that the ledger knows, their payloads are left alone;
 * another one was written by a run that was cut short, or by somebody else, and every byte of it is read and checked, as
 * is one of which the ledger has no SHA-256 yet.
 * @throws UserError naming the object, when it is damaged or holds less than the ledger says
 */
export async function readArchived(
  context: Context,
  path: string,
  record: LedgerRecord | undefined,
  object: OpenObject | undefined,
  spool: Spool,
): Promise<ArchivedRows> {
  const rows = new Rows();
  const groups: { readonly group: number; readonly first: number }[] = [];
  if (object === undefined) {
    const nothing = async () => undefined;
    return { facts: undefined, rows, sha256: undefined, place: nothing };
  }
  const refuse = (what: string): never => {
    // What already says who did it goes on after a semicolon.
    const joint = what.includes(': ') ? ';' : ':';
    throw new UserError(
      `The object ${path} of ${context.archive.url} ${what}${joint} restore it from an earlier version or a backup.`,
    );
  };
  const read = async (request: Partial<ReadRequest>, take: (chunk: RowChunk) => Promise<void>) => {
    try {
      const { format, shape } = context.settings;
      return await readObject(context.threads, object, { format, payloads: true, shape, ...request }, take);
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      throw new UserError(
        `The object ${path} of ${context.archive.url} is damaged or forged (${error.message}): restore it from an earlier version or a backup.`,
      );
    }
  };
  const isKnown = record?.version === object.version && record.object_sha256 !== undefined;
  const request = isKnown ? { payloads: false } : { whole: true };
  const { facts, whole } = await read(request, async (chunk) => {
    groups.push({ group: chunk.group, first: chunk.first });
    await takeRows(rows, chunk, spool, () => true);
  });
  assertWhole(context, path, facts, rows, record, refuse);
  if (whole !== undefined) assertGenuine(whole, facts, rows, record, object.version, context.now(), refuse);
  const place = async (isWanted: (at: number) => boolean) => {
    const missing = (at: number) => rows.position(at) < 0 && isWanted(at);
    const wanted = groups.filter(({ first }, n) => anyBetween(first, groups[n + 1]?.first ?? rows.size, missing));
    if (wanted.length === 0) return;
    const take = (chunk: RowChunk) => takeRows(rows, chunk, spool, missing);
    if (wanted.length < groups.length) return void (await read({ groups: wanted.map(({ group }) => group) }, take));
    // Where all of it is read anyway, the bytes can be held against the ledger's hash too.
    const all = await read({ whole: true }, take);
    if (all.whole?.sha256 !== record?.object_sha256)
      refuse('has other bytes than the ledger says: somebody changed it');
  };
  return { facts, rows, sha256: whole?.sha256 ?? record?.object_sha256, place };
}

async function takeRows(rows: Rows, chunk: RowChunk, spool: Spool, isWanted: (at: number) => boolean): Promise<void> {
  for (const [n, id] of chunk.ids.entries()) {
    const at = rows.find(id) ?? addRow(rows, chunk, n);
    if (chunk.payloads === undefined || !isWanted(at)) continue;
    const [start, end] = [chunk.payloads.offsets[n]!, chunk.payloads.offsets[n + 1]!];
    rows.place(at, spool.append(chunk.payloads.bytes.subarray(start, end)), end - start);
  }
  await spool.flush();
}

function addRow(rows: Rows, chunk: RowChunk, n: number): number {
  return rows.set({
    id: chunk.ids[n]!,
    timestamp: chunk.timestamps[n]!,
    readAt: chunk.readAts[n]!,
    source: chunk.sources[n] as SourceName,
    sha: chunk.shas.subarray(n * shaBytes, (n + 1) * shaBytes),
    position: -1,
    length: 0,
  });
}

function anyBetween(first: number, end: number, test: (at: number) => boolean): boolean {
  for (let at = first; at < end; at += 1) if (test(at)) return true;
  return false;
}

function assertWhole(
  context: Context,
  path: string,
  facts: ObjectFacts,
  rows: Rows,
  record: LedgerRecord | undefined,
  refuse: (what: string) => never,
): void {
  const changed = 'somebody changed it';
  if (facts.slot !== slotOfPath(path, context.settings)?.id) refuse(`is the object of slot ${facts.slot}: ${changed}`);
  const digest = contentDigest(facts.schema, rows.columns(rows.order()));
  if (rows.size !== facts.rows || digest !== facts.digest || facts.layout !== layoutVersion)
    refuse(`does not hold the rows that its own footer speaks of: ${changed}`);
  if (record !== undefined && rows.size < record.rows)
    refuse(`holds ${rows.size} messages where the ledger says ${record.rows}: ${changed}`);
}

/** Of an object that was read whole: that a run wrote it, as far as it can tell, or just what the ledger speaks of. */
function assertGenuine(
  whole: WholeObject,
  facts: ObjectFacts,
  rows: Rows,
  record: LedgerRecord | undefined,
  version: string,
  now: number,
  refuse: (what: string) => never,
): void {
  const fault = faultOf(whole, facts, record, version);
  if (fault !== undefined) refuse(fault);
  if (whole.sha256 === record?.object_sha256) return;
  const latest = record?.version === version ? lastReadAt(record) : lastReadAtBy(now);
  for (let at = 0; at < rows.size; at += 1)
    if (!wasRead(rows.readAt(at), latest))
      refuse('holds a message that was read after it was written: somebody changed it');
}
