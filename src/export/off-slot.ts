import { join } from 'node:path';
import { unplacedPath } from '../archive/layout.ts';
import type { SourceRecord, Unplaced } from '../archive/ledger.ts';
import { UnplacedMessages } from '../archive/unplaced.ts';
import type { Context, Sources } from '../context.ts';
import { UserError } from '../errors.ts';
import { counted, names } from '../format.ts';
import { LostReading, type Source, type Strays } from '../io/ports.ts';
import { Spool } from '../memory/spool.ts';
import { type SourceName, sourceNames } from '../messages/message.ts';
import type { Facts } from '../plan/decide.ts';
import { pastOf } from '../plan/facts.ts';
import { type Interval, instant } from '../windows/interval.ts';
import { unknownOutcome } from './publish-lines.ts';

/** Reads until one is not lost. */
const passesMax = 5;
/** Attempts to write a record that other runs write too. */
const writesMax = 5;
const unsearchedMax = 100;

/** A record without its name and revision. */
type SourceFacts = Omit<SourceRecord, 'source' | 'revision'>;

/**
 * Reads messages that belong to no slot, publishes them to the quarantine, and records them in the ledger of the source. A
 * failure is recorded too: it makes the archive incomplete, but does not end the run.
 */
export async function recordOffSlot(
  context: Context,
  sources: Sources,
  { facts, strays = {} }: { readonly facts: Facts; readonly strays?: Strays | undefined },
): Promise<void> {
  const { settled, live } = sources;
  for (const name of sourceNames) {
    if (name === settled.name && settled.readUnplaced !== undefined)
      await recordSource(context, settled, pastOf(facts), strays);
    else if (name !== settled.name && name !== live.name) await forget(context, name);
  }
}

async function recordSource(context: Context, source: Source, range: Interval, strays: Strays): Promise<void> {
  const before = await context.staging.source(source.name);
  const { outside, unsearched } = strays;
  const known = {
    ...(outside !== undefined && { outside }),
    ...(unsearched !== undefined && {
      unsearched_count: unsearched.length,
      unsearched: unsearched.slice(0, unsearchedMax),
    }),
    ...(context.run.url !== undefined && { run_url: context.run.url }),
  };
  const read_at = instant(context.now());
  try {
    const unplaced = await quarantineUnplaced(context, source, range, before?.unplaced);
    await write(context, source.name, before, () => ({ ...known, read_at, unplaced }));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    context.log.error(`Messages that belong to no slot could not be read: ${error.message}`);
    const last_error = { at: read_at, code: error.code, message: error.message };
    await write(context, source.name, before, (last) => ({ ...lastRead(last), ...known, last_error }));
  }
}

/** The result of the last successful read. */
function lastRead(last: SourceRecord | undefined): Pick<SourceRecord, 'read_at' | 'unplaced'> {
  const { read_at, unplaced } = last ?? {};
  return { ...(read_at !== undefined && { read_at }), ...(unplaced !== undefined && { unplaced }) };
}

/** Clears the problems of a source that is no longer used. */
async function forget(context: Context, name: SourceName): Promise<void> {
  const record = await context.staging.source(name);
  if (record?.last_error === undefined && !record?.unsearched_count) return;
  await write(context, name, record, lastRead);
}

async function quarantineUnplaced(
  context: Context,
  source: Source,
  range: Interval,
  before: Unplaced | undefined,
): Promise<Unplaced> {
  for (let pass = 1; ; pass += 1) {
    const spool = new Spool(context.memory, join(context.temporary, `${context.newId()}.spool`));
    try {
      const messages = new UnplacedMessages(spool);
      const total = await source.readUnplaced!(range, (page) => messages.take(page));
      if (messages.count !== total)
        throw new LostReading(`its total was ${total} and it returned ${messages.count} messages`);
      return await keep(context, source, messages, before);
    } catch (error) {
      if (!(error instanceof LostReading)) throw error;
      if (pass === passesMax)
        throw new UserError(
          'source-unproven',
          `${source.url} could not be read completely for messages that belong to no slot: the source changed during all ${passesMax} reads (in the last one, ${error.message}). Re-run when the source is idle.`,
        );
    } finally {
      await spool.close();
    }
  }
}

async function keep(
  context: Context,
  { url }: Source,
  messages: UnplacedMessages,
  before: Unplaced | undefined,
): Promise<Unplaced> {
  const objects: string[] = [];
  for await (const { sha, text } of messages.texts()) {
    const path = unplacedPath(sha);
    objects.push(path);
    const { outcome } = await context.archive.publish(path, { text }, undefined);
    // An existing object is the same: it is named after its hash.
    if (outcome === 'committed' || outcome === 'conflict') continue;
    throw unknownOutcome(context, path);
  }
  const { count, duplicates, reasons } = messages;
  const isNew = objects.some((path) => before?.objects.includes(path) !== true);
  if (isNew)
    context.log.warning(
      `${counted(count, 'message')} of ${url} ${count === 1 ? 'belongs' : 'belong'} to no slot (${reasons.map((one) => `${one.reason}: ${one.count}`).join(', ')}): ${names(messages.names)}. They are not archived, but kept in _quarantine/no-slot/. Check message-timestamp.`,
    );
  return { count, duplicates, reasons, objects };
}

/** @param before the record as it was read: if another run has written it since, the record is rebuilt from that one */
async function write(
  context: Context,
  source: SourceName,
  before: SourceRecord | undefined,
  facts: (last: SourceRecord | undefined) => SourceFacts,
): Promise<void> {
  let last = before;
  for (let attempt = 0; attempt < writesMax; attempt += 1) {
    if (attempt > 0) last = await context.staging.source(source);
    const revision = last?.revision ?? 0;
    if (await context.staging.recordSource({ source, revision: revision + 1, ...facts(last) }, revision)) return;
  }
  throw new UserError(
    'slot-contended',
    `Other runs wrote the record of ${source} in ${context.staging.url} during all ${writesMax} attempts. Check that only one run at a time works on this archive, then re-run.`,
  );
}
