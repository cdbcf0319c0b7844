import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { invalidIdMark } from '../archive/invalid.ts';
import { slotOfPath } from '../archive/layout.ts';
import { objectDamaged } from '../archive/object.ts';
import type { Context, Sources } from '../context.ts';
import { writeFailure } from '../errors.ts';
import { readThrough } from '../export/read.ts';
import { watchedSource } from '../export/watched-source.ts';
import { counted, number } from '../format.ts';
import { LostReading, type Source } from '../io/ports.ts';
import type { Page } from '../messages/page.ts';
import { isLive } from '../plan/settled.ts';
import { type ManifestCheck, type ManifestState, manifestNamedMax, manifestStates } from '../report/manifest.ts';
import { type Interval, intersection } from '../windows/interval.ts';
import { slotsIn } from '../windows/slot.ts';
import { readObject } from '../worker/objects.ts';
import { ManifestRegister } from './manifest-register.ts';

/** Ids that a source is asked for at a time. */
const idsAtOnce = 1_000;
/** Look-ups of the same ids, while they are lost. */
const looksMax = 5;

/** A list of messages that the archive is held against. */
export interface Manifest {
  /** For people. */
  readonly path: string;
  /** Some ids at a time. */
  readonly ids: AsyncIterable<readonly string[]>;
  /** Where the state of each id is written, as JSON Lines. */
  readonly resultPath: string;
}

/** What is asked about ids that are neither archived nor pending, and over which time it is read where it cannot look up ids. */
export interface Asked {
  readonly sources: Sources;
  readonly range: Interval;
}

/**
 * Tells of each id of a manifest what became of it: from the archive, the staging and the ledger, and, where sources are given,
 * from them. In memory are some ids at a time.
 * @throws UserError where the manifest, the archive or a source cannot be read
 */
export async function checkManifest(
  context: Context,
  { path, ids, resultPath }: Manifest,
  asked: Asked | undefined,
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
    if (asked !== undefined) await askSources(context, asked, register);
    const marks = new Set(ledger.flatMap(({ invalid }) => invalid?.ids ?? []));
    for (const some of register.of('unknown', idsAtOnce))
      register.mark(
        some.filter((id) => marks.has(invalidIdMark(id))),
        'invalid',
      );
    await writeResult(register, resultPath);
    return told(context, { path, resultPath, isAsked: asked !== undefined }, register);
  } finally {
    register.close();
    await rm(register.path, { force: true });
  }
}

function told(
  { log }: Context,
  check: Pick<ManifestCheck, 'path' | 'resultPath' | 'isAsked'>,
  register: ManifestRegister,
): ManifestCheck {
  const counts = register.counts();
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const each = manifestStates.filter((state) => counts[state] > 0).map((state) => `${number(counts[state])} ${state}`);
  log.line(`Manifest ${check.path}: ${counted(total, 'message')}: ${each.join(', ')}.`);
  log.line(`  the state of each is in ${check.resultPath}`);
  const firstOf = (state: ManifestState): string[] => register.of(state, manifestNamedMax).next().value ?? [];
  return { ...check, counts, unknown: firstOf('unknown'), notArchived: firstOf('not archived') };
}

async function markArchived(context: Context, register: ManifestRegister): Promise<void> {
  const { format } = context.settings;
  for (const { path } of await context.archive.list()) {
    const object = slotOfPath(path, context.settings) && (await context.archive.open(path));
    if (object === undefined) continue;
    try {
      await readObject(context.threads, object, { format, payloads: false }, async (chunk) =>
        register.mark(chunk.ids, 'archived'),
      ).catch((error: unknown) => {
        throw objectDamaged(path, context.archive.url, error);
      });
    } finally {
      await object.close();
    }
  }
}

/** Asks for ids where a source can look them up, and reads the others over the range, each for the slots that it serves. */
async function askSources(context: Context, { sources, range }: Asked, register: ManifestRegister): Promise<void> {
  const { live, settled } = sources;
  const hasUnknown = () => register.counts().unknown > 0;
  for (const source of new Set([settled, live])) if (hasUnknown()) await findIds(source, register);
  for (const slot of slotsIn(range, context.settings.layout)) {
    const source = isLive(slot, context.now(), context.recentDays) ? live : settled;
    const past = intersection(slot, { start: slot.start, end: context.now() });
    if (source.find !== undefined || past === undefined || !hasUnknown()) continue;
    await readThrough(
      context,
      watchedSource(source, (page) => markShown(page, register)),
      past,
    );
  }
}

async function findIds(source: Source, register: ManifestRegister): Promise<void> {
  const { find } = source;
  if (find === undefined) return;
  for (const some of register.of('unknown', idsAtOnce)) {
    const sought = some.map((message_id) => ({ message_id }));
    await again(() => find.call(source, sought, async (page) => markShown(page, register)));
  }
}

/** Looks up again what was lost. */
async function again(look: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof LostReading) || attempt === looksMax) throw error;
    }
  }
}

function markShown({ messages }: Page, register: ManifestRegister): void {
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
