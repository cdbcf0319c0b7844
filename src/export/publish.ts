import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { contentDigest } from '../archive/digest.ts';
import { layoutVersion, objectPath } from '../archive/layout.ts';
import type { LedgerRecord } from '../archive/ledger.ts';
import { factPairs, type ObjectFacts, objectBytesMax } from '../archive/object.ts';
import { factsOfRows, type Rows } from '../archive/rows.ts';
import { describeSchema } from '../archive/schema.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { bytes } from '../format.ts';
import { type OpenObject, type Outcome, Overtaken } from '../io/ports.ts';
import type { Spool } from '../memory/spool.ts';
import type { Slot } from '../windows/slot.ts';
import { comparePayloads, encodeObject } from '../worker/objects.ts';
import { type ArchivedRows, readArchived } from './archived.ts';
import type { Findings } from './findings.ts';
import { assertContent, type MergePlan, nextRows, planMerge, type ShownAt } from './merge.ts';
import { quarantine } from './quarantine.ts';
import { keepRemoved } from './removed.ts';

/** The object of a slot as it is after a merge. */
export interface MergedObject {
  readonly rows: number;
  readonly digest: string | undefined;
  /** Hex SHA-256 of its own bytes. */
  readonly sha256: string | undefined;
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
  readonly removed: readonly string[];
  /** Of what was found: hex SHA-256 of the object that holds what is invalid, where anything is. */
  readonly quarantineSha256?: string;
  /** The same of the list of archived messages that the source no longer returns. */
  readonly removedSha256?: string;
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
  /**
   * Called before anything is written, to refuse what was found. It is given the rows that the archive holds, and what of
   * them was found; nothing where it holds just what was found.
   */
  readonly approve: (archived?: { readonly rows: Rows; readonly plan: MergePlan }) => Promise<void>;
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
export async function mergeObject(context: Context, toMerge: ToMerge): Promise<Merged> {
  const path = objectPath(toMerge.slot, context.settings.format);
  const current = await context.archive.open(path);
  try {
    assertNotDeleted(context, path, toMerge.record, current);
    const merged =
      (current && (await unchanged(context, toMerge, current))) ?? (await merge(context, toMerge, path, current));
    return { ...merged, ...(await keepBeside(context, toMerge, merged)) };
  } catch (error) {
    if (error instanceof Overtaken) throw new MergeConflict(error.message);
    throw error;
  } finally {
    await current?.close();
  }
}

function assertNotDeleted(
  context: Context,
  path: string,
  record: LedgerRecord | undefined,
  current: OpenObject | undefined,
): void {
  if (current !== undefined || record === undefined || record.rows === 0) return;
  throw new UserError(
    `The archive ${context.archive.url} has no object ${path}, but the ledger says that it held ${record.rows} messages: somebody deleted it; restore it, since it is not made again from what the source holds today.`,
  );
}

/** What is kept beside the object: what is invalid, and which archived messages the source no longer returns. */
async function keepBeside(context: Context, { slot, record, findings, spool, isWhole }: ToMerge, { removed }: Merged) {
  const quarantineSha256 = await quarantine(context, slot, findings.invalid, spool);
  const removedSha256 = await keepRemoved(context, slot, record, findings, isWhole ? removed : undefined);
  return {
    ...(quarantineSha256 !== undefined && { quarantineSha256 }),
    ...(removedSha256 !== undefined && { removedSha256 }),
  };
}

/** The usual case, which reads nothing: the object is the one that the ledger knows, and holds just what was found. */
async function unchanged(
  context: Context,
  { record, findings, approve }: ToMerge,
  current: OpenObject,
): Promise<Merged | undefined> {
  // An object whose own hash the ledger lacks, as of an earlier version's run, is read once to have it.
  const sha256 = record?.object_sha256;
  if (record?.digest === undefined || sha256 === undefined || record.version !== current.version) return undefined;
  const digest = digestOf(context, findings.closed);
  if (digest !== record.digest) return undefined;
  await approve();
  const object = { rows: record.rows, digest, sha256, version: current.version, bytes: current.size, isWritten: false };
  return { object, added: 0, amended: [], reopened: [], closedSince: [], removed: [] };
}

async function merge(
  context: Context,
  toMerge: ToMerge,
  path: string,
  current: OpenObject | undefined,
): Promise<Merged> {
  const { slot, record, findings, spool, isWhole, shownAt, approve } = toMerge;
  const { closed } = findings;
  const archived = await readArchived(context, path, record, current, spool);
  const plan = planMerge(archived.rows, findings, isWhole, shownAt);
  await approve({ rows: archived.rows, plan });
  const amended = await amendedRows(context, toMerge, archived, plan);
  const done = {
    added: plan.added.length,
    amended: [...amended.map((at) => closed.id(at)), ...plan.unalerted],
    reopened: plan.reopened,
    closedSince: plan.closedSince,
    removed: plan.removed,
  };
  const isSchemaOld =
    archived.facts !== undefined &&
    archived.facts.schema !== describeSchema({ columns: context.settings.shape.columns });
  if (current !== undefined && plan.added.length + amended.length === 0 && !isSchemaOld) {
    const { rows, digest } = archived.facts!;
    const { sha256 } = archived;
    return {
      ...done,
      object: { rows, digest, sha256, version: current.version, bytes: current.size, isWritten: false },
    };
  }
  if (current === undefined && plan.added.length === 0) {
    const nothing = { rows: 0, digest: undefined, sha256: undefined, version: undefined, bytes: 0, isWritten: false };
    return { ...done, object: nothing };
  }
  const replaced = new Set(amended.map((at) => closed.id(at)));
  await archived.place((at) => !replaced.has(archived.rows.id(at)));
  const next = nextRows(archived.rows, closed, plan.added, amended);
  assertContent(next, archived.rows, slot);
  return { ...done, object: await publish(context, toMerge, path, next, current?.version) };
}

/** Of the rows that differ in their bytes, those that say something else: numbers of closed rows found. */
async function amendedRows(
  context: Context,
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
  const same = await comparePayloads(context.threads, await spool.flush(), pairs);
  return differing.filter((_, n) => !same[n]).map((pair) => pair.found);
}

async function publish(
  context: Context,
  { slot, spool }: ToMerge,
  path: string,
  next: Rows,
  expected: string | undefined,
): Promise<MergedObject> {
  const file = join(context.archive.scratch, `${context.newId()}.tmp`);
  try {
    const { facts, encoded } = await encode(context, slot, next, spool, file);
    const body = { path: file, bytes: encoded.bytes, sha256: encoded.sha256, metadata: factPairs(facts) };
    const version = versionOf(await context.archive.publish(path, body, expected), path, context.archive.url);
    return {
      rows: next.size,
      digest: facts.digest,
      sha256: Buffer.from(encoded.sha256, 'base64').toString('hex'),
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

async function encode(context: Context, slot: Slot, next: Rows, spool: Spool, file: string) {
  const { format, shape } = context.settings;
  const rows = next.columns(next.order());
  const schema = { columns: shape.columns };
  const described = describeSchema(schema);
  const digest = contentDigest(described, rows);
  const facts: ObjectFacts = { digest, rows: next.size, slot: slot.id, layout: layoutVersion, schema: described };
  const encoded = await encodeObject(context.threads, {
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

function digestOf(context: Context, rows: Rows): string {
  return contentDigest(describeSchema({ columns: context.settings.shape.columns }), rows.columns(rows.order()));
}
