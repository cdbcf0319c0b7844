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

/** Readings until one is not lost. */
const passesMax = 5;
/** Writes of a record, when other runs are faster. */
const writesMax = 5;
const unsearchedMax = 100;

/** What a record says beside its name and revision. */
type SourceFacts = Omit<SourceRecord, 'source' | 'revision'>;

/**
 * Reads the messages that no slot owns, keeps them in quarantine, and leaves in the ledger what is known of the source beside
 * its slots. A failure is left there too: it makes the archive incomplete, and ends nothing.
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
  const beside = {
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
    await write(context, source.name, () => ({ ...beside, read_at, unplaced }));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    context.log.error(`Messages that no slot owns could not be read: ${error.message}`);
    const last_error = { at: read_at, message: error.message };
    await write(context, source.name, (last) => ({ ...known(last), ...beside, last_error }));
  }
}

/** What an earlier reading found stays. */
function known(last: SourceRecord | undefined): Pick<SourceRecord, 'read_at' | 'unplaced'> {
  const { read_at, unplaced } = last ?? {};
  return { ...(read_at !== undefined && { read_at }), ...(unplaced !== undefined && { unplaced }) };
}

/** Of a source that is asked no more, what it hides concerns nobody. */
async function forget(context: Context, name: SourceName): Promise<void> {
  const record = await context.staging.source(name);
  if (record?.last_error === undefined && !record?.unsearched_count) return;
  await write(context, name, known);
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
      if (messages.count !== total) throw new LostReading(`it counted ${total} messages and sent ${messages.count}`);
      return await keep(context, source, messages, before);
    } catch (error) {
      if (!(error instanceof LostReading)) throw error;
      if (pass === passesMax)
        throw new UserError(
          `${source.url} was read ${passesMax} times for messages that no slot owns, and each time ${error.message}: re-run when the source is idle.`,
        );
    } finally {
      await spool.close();
    }
  }
}

async function keep(
  { archive, log }: Context,
  { url }: Source,
  messages: UnplacedMessages,
  before: Unplaced | undefined,
): Promise<Unplaced> {
  const objects: string[] = [];
  for await (const { sha, text } of messages.texts()) {
    const path = unplacedPath(sha);
    objects.push(path);
    const { outcome } = await archive.publish(path, { text }, undefined);
    // What is there already is the same: it is named by its hash.
    if (outcome === 'committed' || outcome === 'conflict') continue;
    throw new UserError(
      `It cannot be told whether ${path} was written to ${archive.url}: re-run, which finds out and loses nothing.`,
    );
  }
  const { count, duplicates, reasons } = messages;
  const isNew = objects.some((path) => before?.objects.includes(path) !== true);
  if (isNew)
    log.warning(
      `${counted(count, 'message')} of ${url} belong to no slot (${reasons.map((one) => `${one.reason}: ${one.count}`).join(', ')}): ${names(messages.names)}. They are in _quarantine/no-slot/ and not archived; see message-timestamp.`,
    );
  return { count, duplicates, reasons, objects };
}

/** Where another run comes first, the record is made again on what that one left. */
async function write(
  context: Context,
  source: SourceName,
  facts: (last: SourceRecord | undefined) => SourceFacts,
): Promise<void> {
  for (let attempt = 0; attempt < writesMax; attempt += 1) {
    const last = await context.staging.source(source);
    const revision = last?.revision ?? 0;
    if (await context.staging.recordSource({ source, revision: revision + 1, ...facts(last) }, revision)) return;
  }
  throw new UserError(
    `The record of ${source} in ${context.staging.url} was written by somebody else ${writesMax} times: check that one run at a time works on this archive, then re-run.`,
  );
}
