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

/** The archived rows of a slot; payloads are read into the spool only on request. */
export interface ArchivedRows {
  /** Absent if there is no object. */
  readonly facts: ObjectFacts | undefined;
  readonly rows: Rows;
  /** The SHA-256 of the object's own bytes, in hex; absent if there is no object, or the hash is not known. */
  readonly sha256: string | undefined;
  /** Reads the payloads of the wanted rows into the spool, reading only the row groups that hold them. */
  loadPayloads(isWanted: (at: number) => boolean): Promise<void>;
}

/** An open object, and the ledger's record of its slot. */
interface RecordedObject {
  readonly path: string;
  readonly object: OpenObject;
  readonly record: LedgerRecord | undefined;
}

const changed = 'somebody changed it';

/**
 * Reads the rows of a slot's object, without payloads if the ledger knows its version and hash. Any other object is from a
 * run that was interrupted or from somebody else, and every byte of it is read and checked.
 * @throws UserError naming the object if it is damaged or holds less than the ledger says
 */
export async function readArchived(
  context: Context,
  { path, object, record }: Omit<RecordedObject, 'object'> & { readonly object: OpenObject | undefined },
  spool: Spool,
): Promise<ArchivedRows> {
  const rows = new Rows();
  if (object === undefined) return { facts: undefined, rows, sha256: undefined, loadPayloads: async () => undefined };
  const recorded = { path, object, record };
  const groups: { readonly group: number; readonly first: number }[] = [];
  const read = async (request: Partial<ReadRequest>, take: (chunk: RowChunk) => Promise<void>) => {
    try {
      const { format, shape } = context.settings;
      return await readObject(context.threads, object, { format, payloads: true, shape, ...request }, take);
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      throw damagedObject(context, path, error);
    }
  };
  const isKnown = record?.version === object.version && record.object_sha256 !== undefined;
  const request = isKnown ? { payloads: false } : { whole: true };
  const { facts, whole } = await read(request, async (chunk) => {
    groups.push({ group: chunk.group, first: chunk.first });
    await takeRows(rows, chunk, spool, () => true);
  });
  const fault =
    rowsFault(context, recorded, facts, rows) ?? (whole && bytesFault(context, recorded, facts, rows, whole));
  if (fault !== undefined) throw damaged(context, path, fault);
  const loadPayloads = async (isWanted: (at: number) => boolean) => {
    const isMissing = (at: number) => rows.position(at) < 0 && isWanted(at);
    const wanted = groups.filter(({ first }, n) => anyBetween(first, groups[n + 1]?.first ?? rows.size, isMissing));
    if (wanted.length === 0) return;
    const take = (chunk: RowChunk) => takeRows(rows, chunk, spool, isMissing);
    if (wanted.length < groups.length) return void (await read({ groups: wanted.map(({ group }) => group) }, take));
    // Reading all of it allows to check the bytes against the ledger's hash as well.
    const all = await read({ whole: true }, take);
    if (all.whole?.sha256 !== record?.object_sha256)
      throw damaged(context, path, `has other bytes than the ledger says: ${changed}`);
  };
  return { facts, rows, sha256: whole?.sha256 ?? record?.object_sha256, loadPayloads };
}

export function damagedObject(context: Context, path: string, { message }: DamagedError): UserError {
  return damaged(context, path, `is damaged or forged (${message})`);
}

/** @param fault a clause whose subject is the object */
function damaged({ archive }: Context, path: string, fault: string): UserError {
  return new UserError(
    'object-damaged',
    `The object ${path} of ${archive.url} ${fault}. Restore it from an earlier version or a backup.`,
  );
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

/** A clause: how the rows contradict the object's own facts or the ledger. */
function rowsFault(
  context: Context,
  { path, record }: RecordedObject,
  facts: ObjectFacts,
  rows: Rows,
): string | undefined {
  if (facts.slot !== slotOfPath(path, context.settings)?.id) return `is the object of slot ${facts.slot}: ${changed}`;
  const digest = contentDigest(facts.schema, rows.columns(rows.order()));
  if (rows.size !== facts.rows || digest !== facts.digest || facts.layout !== layoutVersion)
    return `does not hold the rows that its own footer describes: ${changed}`;
  if (record !== undefined && rows.size < record.rows)
    return `holds ${rows.size} messages, but ${record.rows} according to the ledger: ${changed}`;
  return undefined;
}

/** A clause: why the object, read in full, was not written by a run. */
function bytesFault(
  context: Context,
  { object: { version }, record }: RecordedObject,
  facts: ObjectFacts,
  rows: Rows,
  whole: WholeObject,
): string | undefined {
  const fault = faultOf(whole, facts, record, version);
  if (fault !== undefined || whole.sha256 === record?.object_sha256) return fault;
  const latest = record?.version === version ? lastReadAt(record) : lastReadAtBy(context.now());
  for (let at = 0; at < rows.size; at += 1)
    if (!wasRead(rows.readAt(at), latest)) return `holds a message that was read after it was written: ${changed}`;
  return undefined;
}
