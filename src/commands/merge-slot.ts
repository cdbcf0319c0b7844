import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { contentDigest } from '../archive/digest.ts';
import type { Findings } from '../archive/findings.ts';
import { layoutVersion, objectPath, quarantinePath } from '../archive/layout.ts';
import type { LedgerRecord } from '../archive/ledger.ts';
import { assertContent, type MergePlan, nextRows, planMerge, type ShownAt } from '../archive/merge.ts';
import { factPairs, type ObjectFacts, objectBytesMax } from '../archive/object.ts';
import { factsOfRows, type Rows } from '../archive/rows.ts';
import { describeSchema } from '../archive/schema.ts';
import type { Spool } from '../archive/spool.ts';
import { UserError } from '../errors.ts';
import { type OpenObject, type Outcome, Overtaken } from '../io/ports.ts';
import type { Slot } from '../windows/slots.ts';
import { bytes } from '../words.ts';
import { comparePayloads, encodeObject } from '../worker/objects.ts';
import { type ArchivedRows, readArchived } from './archived-rows.ts';
import type { Parts } from './parts.ts';

/** The object of a slot as it is after a merge. */
export interface MergedObject {
  readonly rows: number;
  readonly digest: string | undefined;
  readonly version: string | undefined;
  readonly bytes: number;
  readonly isWritten: boolean;
  /** Of an object that was written: how many rows have a value, by declared column. */
  readonly filled?: readonly number[];
}

/** What a merge did. */
export interface Merged {
  readonly object: MergedObject;
  /** Messages that this merge put into the archive for the first time. */
  readonly added: number;
  readonly amended: readonly string[];
  readonly reopened: readonly string[];
  /** Found open, but shown closed by a reading later than that. */
  readonly closedSince: readonly string[];
  readonly gone: readonly string[];
}

/** What was found of a slot, and what the ledger knew of it when the merge began. */
export interface ToMerge {
  readonly slot: Slot;
  readonly record: LedgerRecord | undefined;
  readonly findings: Findings;
  /** Holds the payloads of the findings. */
  readonly spool: Spool;
  /** Whether the findings are of all the slot's messages, or only of some that were looked for. */
  readonly isWhole: boolean;
  /** When a reading that is merged already showed what the archive holds. */
  readonly shownAt: ShownAt;
}

/** Another writer was faster: the merge is to be made again, on what that one left. */
export class MergeConflict extends Error {
  override readonly name = 'MergeConflict';
}

/** What a merge did, together with those of the same findings that had to be made again after they had published. */
export function together(earlier: Merged | undefined, merged: Merged): Merged {
  if (earlier === undefined) return merged;
  return {
    ...merged,
    added: earlier.added + merged.added,
    amended: [...new Set([...earlier.amended, ...merged.amended])],
    object: { ...merged.object, isWritten: earlier.object.isWritten || merged.object.isWritten },
  };
}

/**
 * Brings a slot's object up to what was found: publishes archived ∪ closed, of two versions of an id the one read later,
 * where that differs from what is there; and keeps what is invalid in quarantine. May be made again at any time.
 * @throws MergeConflict; UserError when the object is damaged, was deleted, or cannot be published
 */
export async function mergeObject(parts: Parts, toMerge: ToMerge): Promise<Merged> {
  const path = objectPath(toMerge.slot, parts.settings.format);
  const current = await parts.archive.open(path);
  try {
    assertNotDeleted(parts, path, toMerge.record, current);
    const merged = (current && unchanged(parts, toMerge, current)) ?? (await merge(parts, toMerge, path, current));
    await quarantine(parts, toMerge);
    return merged;
  } catch (error) {
    if (error instanceof Overtaken) throw new MergeConflict(error.message);
    throw error;
  } finally {
    await current?.close();
  }
}

function assertNotDeleted(
  parts: Parts,
  path: string,
  record: LedgerRecord | undefined,
  current: OpenObject | undefined,
): void {
  if (current !== undefined || record === undefined || record.rows === 0) return;
  throw new UserError(
    `The archive ${parts.archive.url} has no object ${path}, but the ledger says that it held ${record.rows} messages: somebody deleted it; restore it, since it is not made again from what the source holds today.`,
  );
}

/** The usual case, which reads nothing: the object is the one that the ledger knows, and holds just what was found. */
function unchanged(parts: Parts, { record, findings }: ToMerge, current: OpenObject): Merged | undefined {
  if (record?.digest === undefined || record.version !== current.version) return undefined;
  const digest = digestOf(parts, findings.closed);
  if (digest !== record.digest) return undefined;
  const object = { rows: record.rows, digest, version: current.version, bytes: current.size, isWritten: false };
  return { object, added: 0, amended: [], reopened: [], closedSince: [], gone: [] };
}

async function merge(parts: Parts, toMerge: ToMerge, path: string, current: OpenObject | undefined): Promise<Merged> {
  const { slot, record, findings, spool, isWhole, shownAt } = toMerge;
  const { closed } = findings;
  const archived = await readArchived(parts, path, record, current, spool);
  const plan = planMerge(archived.rows, findings, isWhole, shownAt);
  const amended = await amendedRows(parts, toMerge, archived, plan);
  const done = {
    added: plan.added.length,
    amended: [...amended.map((at) => closed.id(at)), ...plan.unalerted],
    reopened: plan.reopened,
    closedSince: plan.closedSince,
    gone: plan.gone,
  };
  const isSchemaOld =
    archived.facts !== undefined && archived.facts.schema !== describeSchema({ columns: parts.settings.shape.columns });
  if (current !== undefined && plan.added.length + amended.length === 0 && !isSchemaOld) {
    const { rows, digest } = archived.facts!;
    return { ...done, object: { rows, digest, version: current.version, bytes: current.size, isWritten: false } };
  }
  if (current === undefined && plan.added.length === 0) {
    return { ...done, object: { rows: 0, digest: undefined, version: undefined, bytes: 0, isWritten: false } };
  }
  const replaced = new Set(amended.map((at) => closed.id(at)));
  await archived.place((at) => !replaced.has(archived.rows.id(at)));
  const next = nextRows(archived.rows, closed, plan.added, amended);
  assertContent(next, archived.rows, slot);
  return { ...done, object: await publish(parts, toMerge, path, next, current?.version) };
}

/** Of the rows that differ in their bytes, those that say something else: numbers of closed rows found. */
async function amendedRows(
  parts: Parts,
  { findings, spool }: ToMerge,
  archived: ArchivedRows,
  { differing }: MergePlan,
): Promise<number[]> {
  if (differing.length === 0) return [];
  const wanted = new Set(differing.map((pair) => pair.archived));
  await archived.place((at) => wanted.has(at));
  const pairs = differing.map((pair) => {
    const [a, b] = [archived.rows.row(pair.archived), findings.closed.row(pair.found)];
    return [a.position, a.length, b.position, b.length] as const;
  });
  const same = await comparePayloads(parts.threads, await spool.flush(), pairs);
  return differing.filter((_, n) => !same[n]).map((pair) => pair.found);
}

async function publish(
  parts: Parts,
  { slot, spool }: ToMerge,
  path: string,
  next: Rows,
  expected: string | undefined,
): Promise<MergedObject> {
  const file = join(parts.archive.scratch, `${parts.newId()}.tmp`);
  try {
    const { facts, encoded } = await encode(parts, slot, next, spool, file);
    const body = { path: file, bytes: encoded.bytes, sha256: encoded.sha256, metadata: factPairs(facts) };
    const version = versionOf(await parts.archive.publish(path, body, expected), path, parts.archive.url);
    return {
      rows: next.size,
      digest: facts.digest,
      version,
      bytes: encoded.bytes,
      isWritten: true,
      filled: encoded.filled,
    };
  } finally {
    // A file that was not published, or not finished, would keep a full disk full.
    await rm(file, { force: true });
  }
}

async function encode(parts: Parts, slot: Slot, next: Rows, spool: Spool, file: string) {
  const { format, shape } = parts.settings;
  const rows = next.columns(next.order());
  const schema = { columns: shape.columns };
  const described = describeSchema(schema);
  const digest = contentDigest(described, rows);
  const facts: ObjectFacts = { digest, rows: next.size, slot: slot.id, layout: layoutVersion, schema: described };
  const encoded = await encodeObject(parts.threads, {
    format,
    schema,
    shape,
    rows: factsOfRows(rows),
    spool: await spool.flush(),
    facts,
    path: file,
  });
  const bytesMax = objectBytesMax[format];
  if (encoded.bytes > bytesMax)
    throw new UserError(
      `The object of slot ${slot.id} would be larger than ${bytes(bytesMax)}: make a new archive with partition-by: day.`,
    );
  if (encoded.rows !== next.size)
    throw new Error(`The file of slot ${slot.id} holds ${encoded.rows} rows where ${next.size} were merged.`);
  return { facts, encoded };
}

/** @throws MergeConflict; UserError where nothing was published, or that cannot be told */
function versionOf(outcome: Outcome, path: string, url: string): string {
  switch (outcome.outcome) {
    case 'committed':
      return outcome.version;
    case 'conflict':
      throw new MergeConflict(`The object ${path} was written by somebody else meanwhile.`);
    case 'missing':
      throw new UserError(
        `The object ${path} was deleted from ${url} while it was brought up to date: restore it, then run again.`,
      );
    case 'unknown':
      throw new UserError(
        `It cannot be told whether the object ${path} was written to ${url} (${outcome.reason}): run again, which finds out and loses nothing.`,
      );
  }
}

/** One file for each invalid message, named after its bytes: what is there already is the same. */
async function quarantine(parts: Parts, { slot, findings, spool }: ToMerge): Promise<void> {
  for (const { sha, reason, position, length } of findings.invalid) {
    const line = quarantineLine(sha, reason, await spool.read(position, length));
    const path = quarantinePath(slot, sha);
    const published = await parts.archive.publish(path, { text: line }, undefined);
    if (published.outcome === 'committed' || published.outcome === 'conflict') continue;
    throw new UserError(
      `It cannot be told whether ${path} was written to ${parts.archive.url}: run again, which finds out and loses nothing.`,
    );
  }
}

function quarantineLine(sha: string, reason: string, bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  const text = buffer.toString('utf8');
  const payload = Buffer.from(text).equals(buffer) ? { payload: text } : { payload_base64: buffer.toString('base64') };
  return `${JSON.stringify({ reason, payload_sha256: sha, ...payload })}\n`;
}

function digestOf(parts: Parts, rows: Rows): string {
  return contentDigest(describeSchema({ columns: parts.settings.shape.columns }), rows.columns(rows.order()));
}
