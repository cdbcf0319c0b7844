import { contentDigest } from '../archive/digest.ts';
import { slotOfPath } from '../archive/layout.ts';
import type { LedgerRecord } from '../archive/ledger.ts';
import { DamagedError, type ObjectFacts, type RowChunk } from '../archive/object.ts';
import { Rows, shaBytes } from '../archive/rows.ts';
import type { Spool } from '../archive/spool.ts';
import { UserError } from '../errors.ts';
import type { OpenObject } from '../io/ports.ts';
import type { SourceName } from '../messages/message.ts';
import { readObject } from '../worker/objects.ts';
import type { Parts } from './parts.ts';

/** What the archive holds of a slot; payloads come into the spool only when they are asked for. */
export interface ArchivedRows {
  /** Absent where there is no object. */
  readonly facts: ObjectFacts | undefined;
  readonly rows: Rows;
  /** Brings the payloads of the rows wanted into the spool, reading no other row groups than theirs. */
  place(isWanted: (at: number) => boolean): Promise<void>;
}

/**
 * Reads which rows an object holds. Where the object is the one that the ledger knows, their payloads are left alone;
 * another one was written by a run that was cut short, or by somebody else, and is read and checked whole.
 * @throws UserError naming the object, when it is damaged or holds less than the ledger says
 */
export async function readArchived(
  parts: Parts,
  path: string,
  record: LedgerRecord | undefined,
  object: OpenObject | undefined,
  spool: Spool,
): Promise<ArchivedRows> {
  const rows = new Rows();
  const groups: { readonly group: number; readonly first: number }[] = [];
  if (object === undefined) {
    const nothing = async () => undefined;
    return { facts: undefined, rows, place: nothing };
  }
  const read = async (payloads: boolean, take: (chunk: RowChunk) => Promise<void>, only?: readonly number[]) => {
    try {
      const { format, shape } = parts.settings;
      const request = { format, payloads, shape, ...(only && { groups: only }) };
      return await readObject(parts.threads, object, request, take);
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      throw new UserError(
        `The object ${path} of ${parts.archive.url} is damaged (${error.message}): restore it from an earlier version or a backup.`,
      );
    }
  };
  const isKnown = record?.version === object.version;
  const facts = await read(!isKnown, async (chunk) => {
    groups.push({ group: chunk.group, first: chunk.first });
    await takeRows(rows, chunk, spool, () => true);
  });
  assertWhole(parts, path, facts, rows, record);
  const place = async (isWanted: (at: number) => boolean) => {
    const missing = (at: number) => rows.position(at) < 0 && isWanted(at);
    const wanted = groups.filter(({ first }, n) => anyBetween(first, groups[n + 1]?.first ?? rows.size, missing));
    if (wanted.length === 0) return;
    await read(
      true,
      (chunk) => takeRows(rows, chunk, spool, missing),
      wanted.map(({ group }) => group),
    );
  };
  return { facts, rows, place };
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
  parts: Parts,
  path: string,
  facts: ObjectFacts,
  rows: Rows,
  record: LedgerRecord | undefined,
): void {
  const refuse = (what: string) => {
    throw new UserError(
      `The object ${path} of ${parts.archive.url} ${what}: somebody changed it; restore it from an earlier version or a backup.`,
    );
  };
  if (facts.slot !== slotOfPath(path, parts.settings)?.id) refuse(`is the object of slot ${facts.slot}`);
  const digest = contentDigest(facts.schema, rows.columns(rows.order()));
  if (rows.size !== facts.rows || digest !== facts.digest)
    refuse('does not hold the rows that its own footer speaks of');
  if (record !== undefined && rows.size < record.rows)
    refuse(`holds ${rows.size} messages where the ledger says ${record.rows}`);
}
