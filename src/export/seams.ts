import { objectPath } from '../archive/layout.ts';
import type { ArchiveState, LedgerRecord, StagedMessage, Unowned, UnownedMessage } from '../archive/ledger.ts';
import { objectDamaged } from '../archive/object.ts';
import { asideFrom } from '../auxiliary.ts';
import type { Context } from '../context.ts';
import { isLive } from '../plan/settled.ts';
import type { Seam } from '../report/faults.ts';
import { instant } from '../windows/interval.ts';
import { type Slot, slotAt, slotById } from '../windows/slot.ts';
import { readObject } from '../worker/objects.ts';
import type { Findings } from './findings.ts';
import type { Outside } from './outside.ts';

// An API is asked for some days around a slot, so that readings of two slots meet each other's messages at the seam between
// them. What one met and the other does not have would be in neither, and nobody would know: it is kept in the ledger until
// the other slot has it.

/** Of the messages that a record names, as JSON. */
const unownedBytesMax = 16_000;

/**
 * What a reading met outside of its slot that the slots it lies in do not have, or that were not read yet.
 * @param outside what the reading met
 */
export async function findUnowned(
  context: Context,
  slot: Slot,
  { readAt }: Findings,
  outside: Outside,
): Promise<Unowned | undefined> {
  if (outside.messages.size === 0) return undefined;
  const { record } = await context.staging.slot(slot);
  const seenAt = new Map(record?.unowned?.messages.map(({ message_id, seen_at }) => [message_id, seen_at]));
  const all = [...outside.messages].map(
    ([message_id, timestamp]): UnownedMessage => ({
      message_id,
      timestamp: String(timestamp),
      seen_at: seenAt.get(message_id) ?? instant(readAt),
    }),
  );
  const unowned: UnownedMessage[] = [];
  for (const [id, messages] of bySlot(context, all)) {
    const own = slotById(id, context.settings.layout);
    const { record: known, staged } = await context.staging.slot(own);
    unowned.push(
      ...(known?.read_at === undefined ? messages : (await unknownTo(context, own, messages, staged)).unknown),
    );
  }
  return bounded(unowned);
}

/**
 * Looks again for what records say that no slot has, and takes out of them what one has now.
 * @returns what should be in a slot that was read, and is not; and the ledger as it is then
 */
export async function settleSeams(
  context: Context,
  { ledger, staged }: ArchiveState,
): Promise<{ readonly seams: Seam[]; readonly ledger: LedgerRecord[] }> {
  const records = new Map(ledger.map((record) => [record.slot, record]));
  const all = ledger.flatMap(({ unowned }) => unowned?.messages ?? []);
  const unknown = new Set<UnownedMessage>();
  const unread = new Set<string>();
  for (const [id, messages] of bySlot(context, all)) {
    const own = slotById(id, context.settings.layout);
    const isRead = records.get(id)?.read_at !== undefined;
    const waiting = staged.filter(({ slot }) => slot === id);
    const found = isRead ? await unknownTo(context, own, messages, waiting) : { unknown: messages, isCertain: false };
    for (const message of found.unknown) unknown.add(message);
    if (!found.isCertain) unread.add(id);
  }
  const settled: LedgerRecord[] = [];
  for (const record of ledger) settled.push(await keep(context, record, unknown));
  const seams = ledger.flatMap(({ slot, unowned }) =>
    (unowned?.messages ?? [])
      .filter((message) => unknown.has(message) && isMissing(context, records, unread, message))
      .map(({ message_id, timestamp }) => ({ slot: slotById(slot, context.settings.layout), message_id, timestamp })),
  );
  return { seams, ledger: settled };
}

/** Leaves in the record what no slot has yet. Where another writer comes first, its reading has looked for itself. */
async function keep(
  context: Context,
  record: LedgerRecord,
  unknown: ReadonlySet<UnownedMessage>,
): Promise<LedgerRecord> {
  const { unowned, ...rest } = record;
  const messages = unowned?.messages.filter((message) => unknown.has(message)) ?? [];
  if (unowned === undefined || messages.length === unowned.messages.length) return record;
  const next = {
    ...rest,
    ...(messages.length > 0 && { unowned: { count: messages.length, messages } }),
    revision: record.revision + 1,
  };
  return (await context.staging.record(next, record.revision)) ? next : record;
}

/**
 * Whether a message that its own slot does not have should be there: of a settled slot in any case; of a live one, which every
 * run reads, once that was read after the message was seen.
 */
function isMissing(
  context: Context,
  records: ReadonlyMap<string, LedgerRecord>,
  unread: ReadonlySet<string>,
  { timestamp, seen_at }: UnownedMessage,
): boolean {
  const own = slotAt(msOf(timestamp), context.settings.layout);
  const readAt = records.get(own.id)?.read_at;
  if (unread.has(own.id) || readAt === undefined || msOf(timestamp) >= Date.parse(readAt)) return false;
  return readAt > seen_at || !isLive(own, context.now(), context.recentDays);
}

/** Of messages of one slot, those that neither its object nor the staging has. Uncertain where the object cannot be read. */
async function unknownTo(
  context: Context,
  slot: Slot,
  messages: readonly UnownedMessage[],
  staged: readonly StagedMessage[],
): Promise<{ readonly unknown: readonly UnownedMessage[]; readonly isCertain: boolean }> {
  const wanted = new Map(messages.map((message) => [message.message_id, message]));
  for (const { message_id } of staged) wanted.delete(message_id);
  const failure = await asideFrom(async () => {
    const { format } = context.settings;
    const object = wanted.size === 0 ? undefined : await context.archive.open(objectPath(slot, format));
    if (object === undefined) return;
    try {
      await readObject(context.threads, object, { format, payloads: false }, async ({ ids }) => {
        for (const id of ids) wanted.delete(id);
      }).catch((error: unknown) => {
        throw objectDamaged(objectPath(slot, format), context.archive.url, error);
      });
    } finally {
      await object.close();
    }
  });
  if (failure !== undefined)
    context.log.warning(`${failure.message} Whether slot ${slot.id} has what its neighbors met of it is not known.`);
  return { unknown: [...wanted.values()], isCertain: failure === undefined };
}

function bySlot(context: Context, messages: readonly UnownedMessage[]): Map<string, UnownedMessage[]> {
  return Map.groupBy(messages, ({ timestamp }) => slotAt(msOf(timestamp), context.settings.layout).id);
}

function bounded(unowned: readonly UnownedMessage[]): Unowned | undefined {
  if (unowned.length === 0) return undefined;
  const bytes = unowned.reduce((sum, message) => sum + JSON.stringify(message).length, 0);
  const step = Math.max(1, Math.ceil(bytes / unownedBytesMax));
  return { count: unowned.length, messages: unowned.filter((_, n) => n % step === 0) };
}

function msOf(timestamp: string): number {
  return Number(BigInt(timestamp) / 1000n);
}
