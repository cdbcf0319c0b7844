import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { objectPath, quarantineFolder, removedFolder, slotOfPath } from '../archive/layout.ts';
import type { LedgerRecord } from '../archive/ledger.ts';
import type { ArchiveSettings } from '../archive/settings.ts';
import { eachWithin } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { checkLines, linesPath } from '../export/lines-object.ts';
import { bytes, counted, duration, number } from '../format.ts';
import type { ListedObject } from '../io/ports.ts';
import type { Verification } from '../report/verification.ts';
import { IdRegister } from '../verify/id-register.ts';
import { ObjectCheck } from '../verify/object-check.ts';
import { type Slot, slotById } from '../windows/slot.ts';

const objectsAtOnce = 2;
/** Objects that one sentence names. */
const namesMax = 3;

/**
 * Reads the ledger and the whole archive back, and holds them against each other: objects present, their own hashes, their
 * rows, digests and payload hashes, every column, their order and times, that no id stands twice, that nothing else lies
 * where readers look, and what is kept beside the objects.
 */
export async function verify(context: Context): Promise<Verification> {
  const startedMs = context.elapsed();
  const [state, listed] = await Promise.all([context.staging.state(), context.archive.list()]);
  const objects = listed.flatMap((object) => {
    const slot = slotOfPath(object.path, context.settings);
    return slot === undefined ? [] : [{ ...object, slot }];
  });
  const ledger = new Map(state.ledger.map((record) => [record.slot, record]));
  const register = new IdRegister(join(context.temporary, `${context.newId()}.sqlite`));
  let messages = 0;
  let done = 0;
  const checked = async (object: ListedObject & { readonly slot: Slot }) => {
    const check = new ObjectCheck(context, object, object.slot, ledger.get(object.slot.id), register);
    const differences = await check.run();
    messages += check.rows;
    done += 1;
    context.log.line(
      `  [${done}/${objects.length}] ${object.path}  ${counted(check.rows, 'message')}, ${bytes(object.bytes)}`,
    );
    return { path: object.path, differences, isUnrecorded: check.isUnrecorded };
  };
  const found = await eachWithin(pLimit(objectsAtOnce), objects, checked).finally(() => {
    register.close();
    return rm(register.path, { force: true });
  });
  const differences = [
    ...missingObjects(objects, state.ledger, context.settings),
    ...strangers(listed, context.settings),
    ...unrecordedObjects(found.filter(({ isUnrecorded }) => isUnrecorded).map(({ path }) => path)),
    ...found.flatMap((object) => object.differences),
    ...(await besideDifferences(context, state.ledger)),
  ];
  const stored = objects.reduce((sum, object) => sum + object.bytes, 0);
  context.log.line(
    `Verified ${counted(objects.length, 'object')} with ${number(messages)} messages (${bytes(stored)}) against ${counted(state.ledger.length, 'ledger record')} in ${duration(context.elapsed() - startedMs)}: ${counted(differences.length, 'difference')}.`,
  );
  const archive = context.archive.url;
  return { archive, slots: state.ledger.length, objects: objects.length, messages, bytes: stored, differences };
}

/** What the ledger says is in quarantine or no longer at the source, and is not there or has changed. */
async function besideDifferences(context: Context, ledger: readonly LedgerRecord[]): Promise<string[]> {
  const kept = ledger.flatMap(({ slot, quarantine_sha256, removed_sha256 }) => [
    ...(quarantine_sha256 === undefined ? [] : [linesPath(quarantineFolder(slot), quarantine_sha256)]),
    ...(removed_sha256 === undefined ? [] : [linesPath(removedFolder(slot), removed_sha256)]),
  ]);
  const faults = await eachWithin(pLimit(objectsAtOnce), kept, async (path) => ({
    path,
    fault: await checkLines(context, path),
  }));
  return faults.flatMap(({ path, fault }) => {
    if (fault === undefined) return [];
    const what =
      fault === 'absent'
        ? 'is missing, where the ledger has one'
        : 'is damaged or forged (its bytes are not those of its name)';
    return [`The object ${path} ${what}: restore it from an earlier version or a backup.`];
  });
}

function missingObjects(
  objects: readonly { readonly slot: Slot }[],
  ledger: readonly LedgerRecord[],
  { layout, format }: ArchiveSettings,
): string[] {
  const present = new Set(objects.map(({ slot }) => slot.id));
  return ledger
    .filter(({ slot, rows }) => rows > 0 && !present.has(slot))
    .map(
      ({ slot, rows }) =>
        `The object ${objectPath(slotById(slot, layout), format)} is missing, where the ledger has one of ${counted(rows, 'message')}: restore it from an earlier version or a backup.`,
    );
}

function strangers(listed: readonly ListedObject[], settings: ArchiveSettings): string[] {
  return listed
    .filter(({ path }) => slotOfPath(path, settings) === undefined)
    .map(({ path }) => `The object ${path} is no slot's, and readers take it for part of the archive: move it away.`);
}

/** One sentence, since most often it is so of all: the ledger is another one's. */
function unrecordedObjects(paths: readonly string[]): string[] {
  const [first, ...others] = paths;
  if (first === undefined) return [];
  const toDo = 'see that `staging` is that of this archive; if it is, run again, which checks and records';
  if (others.length === 0) return [`The object ${first} has no ledger record: ${toDo} it.`];
  const more = paths.length - namesMax;
  const names = `${paths.slice(0, namesMax).join(', ')}${more > 0 ? ` and ${number(more)} more` : ''}`;
  return [`${counted(paths.length, 'object')} have no ledger record (${names}): ${toDo} them.`];
}
