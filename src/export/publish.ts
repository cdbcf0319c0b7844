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
import { bytes, counted } from '../format.ts';
import { type OpenObject, type Outcome, Overtaken } from '../io/ports.ts';
import type { Spool } from '../memory/spool.ts';
import type { Slot } from '../windows/slot.ts';
import { comparePayloads, encodeObject } from '../worker/objects.ts';
import { type ArchivedRows, readArchived } from './archived.ts';
import type { Findings } from './findings.ts';
import { assertContent, type ConfirmedAt, type MergePlan, nextRows, planMerge } from './merge.ts';
import { unknownOutcome } from './publish-lines.ts';
import { quarantine } from './quarantine.ts';
import { publishRemoved } from './removed.ts';

/** The object of a slot after a merge. */
export interface MergedObject {
  readonly rows: number;
  readonly digest: string | undefined;
  /** The SHA-256 of its own bytes, in hex. */
  readonly sha256: string | undefined;
  readonly version: string | undefined;
  readonly bytes: number;
  readonly isWritten: boolean;
  /** For a written object: the number of rows with a value, by declared column. */
  readonly filled?: readonly number[];
}

/** The result of a merge. */
export interface Merged {
  readonly object: MergedObject;
  /** Messages that this merge archived for the first time. */
  readonly added: number;
  readonly amended: readonly string[];
  readonly reopened: readonly string[];
  /** Found open, but closed by a later read. */
  readonly closedSince: readonly string[];
  readonly removed: readonly string[];
  /** The SHA-256 of the quarantine object, in hex; absent if nothing is invalid. */
  readonly quarantineSha256?: string;
  /** The SHA-256 of the list of archived messages removed at the source, in hex. */
  readonly removedSha256?: string;
}

/** The findings of a slot, and its ledger record when the merge began. */
export interface ToMerge {
  readonly slot: Slot;
  readonly record: LedgerRecord | undefined;
  readonly findings: Findings;
  /** Holds the payloads of the findings. */
  readonly spool: Spool;
  /** True if the findings are of a full read of the slot, false if of pending messages only. */
  readonly isFull: boolean;
  readonly confirmedAt: ConfirmedAt;
  /**
   * Called before anything is written; throws to refuse the findings. The argument is absent if the archive holds exactly
   * what was found.
   */
  readonly approve: (archived?: { readonly rows: Rows; readonly plan: MergePlan }) => Promise<void>;
}

/** Another writer was faster: the merge must be repeated on its result. */
export class MergeConflict extends Error {
  override readonly name = 'MergeConflict';
}

/** Combines a merge with earlier ones of the same findings that published and then had to be repeated. */
export function combined(earlier: Merged | undefined, merged: Merged): Merged {
  if (earlier === undefined) return merged;
  return {
    ...merged,
    added: earlier.added + merged.added,
    amended: [...new Set([...earlier.amended, ...merged.amended])],
    object: { ...merged.object, isWritten: earlier.object.isWritten || merged.object.isWritten },
  };
}

/**
 * Merges findings into a slot's object: publishes archived ∪ closed if that differs from the current content; of two versions
 * of an id, the one read later. Publishes invalid messages to the quarantine. Idempotent.
 * @throws MergeConflict; UserError if the object is damaged, was deleted, or cannot be published
 */
export async function mergeObject(context: Context, toMerge: ToMerge): Promise<Merged> {
  const path = objectPath(toMerge.slot, context.settings.format);
  const current = await context.archive.open(path);
  try {
    assertNotDeleted(context, path, toMerge.record, current);
    const merged =
      (current && (await mergeUnchanged(context, toMerge, current))) ?? (await merge(context, toMerge, path, current));
    return { ...merged, ...(await publishLists(context, toMerge, merged)) };
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
  // The number of rows may be lost from a damaged record.
  if (current !== undefined || record === undefined || (record.rows === 0 && record.digest === undefined)) return;
  const held = record.rows === 0 ? 'messages' : counted(record.rows, 'message');
  throw new UserError(
    'object-missing',
    `The object ${path} is missing in ${context.archive.url}; according to the ledger it held ${held}. Restore it: it is not rebuilt from the source, which may have changed since.`,
  );
}

/** Publishes invalid messages, and the list of archived messages removed at the source. */
async function publishLists(context: Context, { slot, record, findings, spool, isFull }: ToMerge, { removed }: Merged) {
  const quarantineSha256 = await quarantine(context, slot, findings.invalid, spool);
  const removedSha256 = await publishRemoved(context, { slot, record }, findings, isFull ? removed : undefined);
  return {
    ...(quarantineSha256 !== undefined && { quarantineSha256 }),
    ...(removedSha256 !== undefined && { removedSha256 }),
  };
}

/** The usual case, which reads nothing: the object is the one in the ledger, and holds exactly what was found. */
async function mergeUnchanged(
  context: Context,
  { record, findings, approve }: ToMerge,
  current: OpenObject,
): Promise<Merged | undefined> {
  // An object whose hash is not in the ledger is read once to compute it.
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
  const { slot, record, findings, spool, isFull, confirmedAt, approve } = toMerge;
  const { closed } = findings;
  const archived = await readArchived(context, { path, object: current, record }, spool);
  const plan = planMerge(archived.rows, findings, isFull, confirmedAt);
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
  await archived.loadPayloads((at) => !replaced.has(archived.rows.id(at)));
  const next = nextRows(archived.rows, closed, plan.added, amended);
  assertContent(next, archived.rows, slot);
  return { ...done, object: await publish(context, toMerge, next, current?.version) };
}

/** Returns the rows that differ in content, not only in bytes, as indices of closed rows. */
async function amendedRows(
  context: Context,
  { findings, spool }: ToMerge,
  archived: ArchivedRows,
  { differing }: MergePlan,
): Promise<number[]> {
  if (differing.length === 0) return [];
  const wanted = new Set(differing.map((pair) => pair.archived));
  await archived.loadPayloads((at) => wanted.has(at));
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
  next: Rows,
  expected: string | undefined,
): Promise<MergedObject> {
  const path = objectPath(slot, context.settings.format);
  const file = join(context.archive.scratch, `${context.newId()}.tmp`);
  try {
    const { facts, encoded } = await encode(context, { slot, spool }, next, file);
    const body = { path: file, bytes: encoded.bytes, sha256: encoded.sha256, metadata: factPairs(facts) };
    const version = versionOf(context, await context.archive.publish(path, body, expected), path);
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
    // An unpublished file would otherwise keep a full disk full.
    await rm(file, { force: true });
  }
}

async function encode(context: Context, { slot, spool }: Pick<ToMerge, 'slot' | 'spool'>, next: Rows, file: string) {
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
      'object-too-large',
      `The object of slot ${slot.id} would exceed ${bytes(bytesMax)}. Create a new archive with partition-by: day.`,
    );
  if (encoded.rows !== next.size)
    throw new Error(`The file of slot ${slot.id} holds ${encoded.rows} rows where ${next.size} were merged.`);
  return { facts, encoded };
}

/** @throws MergeConflict; UserError if nothing was published, or the outcome is unknown */
function versionOf(context: Context, outcome: Outcome, path: string): string {
  switch (outcome.outcome) {
    case 'committed':
      return outcome.version;
    case 'conflict':
      throw new MergeConflict(`Another run wrote the object ${path} in the meantime.`);
    case 'missing':
      throw new UserError(
        'object-missing',
        `The object ${path} was deleted from ${context.archive.url} during its update. Restore it, then re-run.`,
      );
    case 'unknown':
      throw unknownOutcome(context, `the object ${path}`, outcome.reason);
  }
}

function digestOf(context: Context, rows: Rows): string {
  return contentDigest(describeSchema({ columns: context.settings.shape.columns }), rows.columns(rows.order()));
}
