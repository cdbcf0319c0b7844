import { objectPath } from '../archive/layout.ts';
import type { ArchiveState, LedgerRecord, StagedMessage, Unowned, UnownedMessage } from '../archive/ledger.ts';
import type { Context } from '../context.ts';
import { failureOf } from '../optional-work.ts';
import { isLive } from '../plan/settled.ts';
import type { Seam } from '../report/faults.ts';
import { instant } from '../windows/interval.ts';
import { type Slot, slotAt, slotById } from '../windows/slot.ts';
import type { Findings } from './findings.ts';
import { readIds } from './object-ids.ts';
import type { OutsideMessages } from './outside.ts';

// A request to an API covers some days around a slot, so that reads of two slots overlap at the seam between them. A message
// that one read returns and the other slot lacks would go unnoticed: the ledger keeps it until its own slot has it.

/** The size of the messages in a record, as JSON. */
const unownedBytesMax = 16_000;

/** Messages that a read returned outside of its slot and that their own slots lack, or whose slots were not read yet. */
export async function findUnowned(
  context: Context,
  slot: Slot,
  { readAt }: Findings,
  outside: OutsideMessages,
): Promise<Unowned | undefined> {
  if (outside.timestamps.size === 0) return undefined;
  const { record } = await context.staging.slot(slot);
  const seenAt = new Map(record?.unowned?.messages.map(({ message_id, seen_at }) => [message_id, seen_at]));
  const all = [...outside.timestamps].map(
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
 * Checks the unowned messages of all records again, and removes from the records those that their slots have by now.
 * @returns messages missing in slots that were read, and the resulting ledger
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
    const pending = staged.filter(({ slot }) => slot === id);
    const found = isRead ? await unknownTo(context, own, messages, pending) : { unknown: messages, isCertain: false };
    for (const message of found.unknown) unknown.add(message);
    if (!found.isCertain) unread.add(id);
  }
  const settled: LedgerRecord[] = [];
  for (const record of ledger) settled.push(await keepUnknown(context, record, unknown));
  const seams = ledger.flatMap(({ slot, unowned }) =>
    (unowned?.messages ?? [])
      .filter((message) => unknown.has(message) && isMissing(context, records, unread, message))
      .map(({ message_id, timestamp }) => ({ slot: slotById(slot, context.settings.layout), message_id, timestamp })),
  );
  return { seams, ledger: settled };
}

/** Removes from a record messages that are no longer unknown. If another run writes it first, that run has checked itself. */
async function keepUnknown(
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
 * True if a message that its own slot lacks should be there: always if the slot is settled; if it is live, once it was read
 * after the message was seen.
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

/** Messages of a slot that neither its object nor the staging has. Uncertain if the object cannot be read. */
async function unknownTo(
  context: Context,
  slot: Slot,
  messages: readonly UnownedMessage[],
  staged: readonly StagedMessage[],
): Promise<{ readonly unknown: readonly UnownedMessage[]; readonly isCertain: boolean }> {
  const wanted = new Map(messages.map((message) => [message.message_id, message]));
  for (const { message_id } of staged) wanted.delete(message_id);
  const failure = await failureOf(async () => {
    if (wanted.size === 0) return;
    await readIds(context, objectPath(slot, context.settings.format), (ids) => {
      for (const id of ids) wanted.delete(id);
    });
  });
  if (failure !== undefined)
    context.log.warning(`${failure.message} Slot ${slot.id} was not checked for messages returned for its neighbors.`);
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
