import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { invalidIdMark } from '../archive/invalid.ts';
import { slotOfPath } from '../archive/layout.ts';
import type { Context, Sources } from '../context.ts';
import { UserError, writeFailure } from '../errors.ts';
import { readIds } from '../export/object-ids.ts';
import { readThrough } from '../export/read.ts';
import { watchedSource } from '../export/watched-source.ts';
import { counted, number } from '../format.ts';
import { LostReading, type Source } from '../io/ports.ts';
import type { Page } from '../messages/page.ts';
import { isLive } from '../plan/settled.ts';
import { type ManifestCheck, type ManifestState, manifestNamedMax, manifestStates } from '../report/manifest.ts';
import { type Interval, intersection } from '../windows/interval.ts';
import { slotsIn } from '../windows/slot.ts';
import { ManifestRegister } from './manifest-register.ts';

/** Ids per request to a source. */
const idsAtOnce = 1_000;
/** Attempts to look up the same ids, until one is not lost. */
const lookupsMax = 5;

/** A list of message ids that the archive should account for. */
export interface Manifest {
  /** As shown to people. */
  readonly path: string;
  /** In batches. */
  readonly ids: AsyncIterable<readonly string[]>;
  /** The file to which the state of each id is written, as JSON Lines. */
  readonly resultPath: string;
}

/** Where to look up ids that are neither archived nor pending; a source without look-up by id is read over the range. */
export interface Lookup {
  readonly sources: Sources;
  readonly range: Interval;
}

/**
 * Determines the state of each id of a manifest from the archive, the staging, the ledger and, if given, the sources. Memory use
 * does not depend on the number of ids.
 * @throws UserError if the manifest, the archive or a source cannot be read
 */
export async function checkManifest(
  context: Context,
  { path, ids, resultPath }: Manifest,
  lookup: Lookup | undefined,
): Promise<ManifestCheck> {
  const register = new ManifestRegister(join(context.temporary, `${context.newId()}.sqlite`));
  try {
    for await (const some of ids) register.add(some);
    await markArchived(context, register);
    const { ledger, staged } = await context.staging.state();
    register.mark(
      staged.map(({ message_id }) => message_id),
      'pending',
    );
    if (lookup !== undefined) await lookUp(context, lookup, register);
    const marks = new Set(ledger.flatMap(({ invalid }) => invalid?.ids ?? []));
    for (const some of register.of('unknown', idsAtOnce))
      register.mark(
        some.filter((id) => marks.has(invalidIdMark(id))),
        'invalid',
      );
    await writeResult(register, resultPath);
    return logged(context, { path, resultPath, isAsked: lookup !== undefined }, register);
  } finally {
    register.close();
    await rm(register.path, { force: true });
  }
}

function logged(
  { log }: Context,
  check: Pick<ManifestCheck, 'path' | 'resultPath' | 'isAsked'>,
  register: ManifestRegister,
): ManifestCheck {
  const counts = register.counts();
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const each = manifestStates.filter((state) => counts[state] > 0).map((state) => `${number(counts[state])} ${state}`);
  log.line(`Manifest ${check.path}: ${counted(total, 'message')}: ${each.join(', ')}.`);
  log.line(`  State of each message: ${check.resultPath}`);
  const firstOf = (state: ManifestState): string[] => register.of(state, manifestNamedMax).next().value ?? [];
  return { ...check, counts, unknown: firstOf('unknown'), notArchived: firstOf('not archived') };
}

async function markArchived(context: Context, register: ManifestRegister): Promise<void> {
  for (const { path } of await context.archive.list())
    if (slotOfPath(path, context.settings) !== undefined)
      await readIds(context, path, (ids) => register.mark(ids, 'archived'));
}

/** Looks up ids in sources that can, and reads the others over the range, each for the slots that it serves. */
async function lookUp(context: Context, { sources, range }: Lookup, register: ManifestRegister): Promise<void> {
  const { live, settled } = sources;
  const hasUnknown = () => register.counts().unknown > 0;
  for (const source of new Set([settled, live])) if (hasUnknown()) await findIds(source, register);
  for (const slot of slotsIn(range, context.settings.layout)) {
    const source = isLive(slot, context.now(), context.recentDays) ? live : settled;
    const past = intersection(slot, { start: slot.start, end: context.now() });
    if (source.find !== undefined || past === undefined || !hasUnknown()) continue;
    await readThrough(
      context,
      watchedSource(source, (page) => markReturned(page, register)),
      past,
    );
  }
}

async function findIds(source: Source, register: ManifestRegister): Promise<void> {
  const { find } = source;
  if (find === undefined) return;
  for (const some of register.of('unknown', idsAtOnce)) {
    const sought = some.map((message_id) => ({ message_id }));
    await untilNotLost(source, () => find.call(source, sought, async (page) => markReturned(page, register)));
  }
}

async function untilNotLost({ url }: Source, find: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await find();
    } catch (error) {
      if (!(error instanceof LostReading)) throw error;
      if (attempt === lookupsMax)
        throw new UserError(
          'source-unproven',
          `Messages could not be looked up in ${url}: the source changed during all ${lookupsMax} attempts (in the last one, ${error.message}). Re-run when the source is idle.`,
        );
    }
  }
}

function markReturned({ messages }: Page, register: ManifestRegister): void {
  const states = { closed: 'not archived', open: 'not archived', unalerted: 'unalerted', invalid: 'invalid' } as const;
  const named = messages.filter(({ id }) => id !== undefined);
  for (const [state, group] of Map.groupBy(named, (message) => states[message.state]))
    register.mark(
      group.map(({ id }) => id!),
      state,
    );
}

async function writeResult(register: ManifestRegister, path: string): Promise<void> {
  function* lines(): Generator<string> {
    for (const state of manifestStates)
      for (const some of register.of(state, idsAtOnce))
        yield some.map((id) => `${JSON.stringify({ id, state })}\n`).join('');
  }
  await pipeline(Readable.from(lines()), createWriteStream(path, { mode: 0o600 })).catch((error: unknown) => {
    throw writeFailure(`The file ${path}`, error);
  });
}
