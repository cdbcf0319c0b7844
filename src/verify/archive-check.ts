import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { objectPath, quarantineFolder, removedFolder, slotOfPath } from '../archive/layout.ts';
import type { LedgerRecord } from '../archive/ledger.ts';
import { checkLines, linesPath } from '../archive/lines-object.ts';
import type { ArchiveSettings } from '../archive/settings.ts';
import { eachWithin } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { bytes, counted, number } from '../format.ts';
import { type Slot, slotById } from '../windows/slot.ts';
import { foreignPaths } from './foreign-objects.ts';
import { IdRegister } from './id-register.ts';
import { type CheckedObject, ObjectCheck } from './object-check.ts';

const objectsAtOnce = 2;
/** The number of objects to name in a sentence. */
const namesMax = 3;
const restore = 'Restore it from an earlier version or a backup.';

/** The differences of an archive and its ledger, each as sentences that say what to do; and what was compared. */
export interface ArchiveCheck {
  readonly differences: readonly string[];
  readonly records: number;
  readonly objects: number;
  readonly messages: number;
  readonly bytes: number;
}

/** Reads every object of the archive and compares it with the ledger. */
export async function checkArchive(context: Context): Promise<ArchiveCheck> {
  const [{ ledger }, listed] = await Promise.all([context.staging.state(), context.archive.list()]);
  const records = new Map(ledger.map((record) => [record.slot, record]));
  const objects = listed.flatMap((object) => {
    const slot = slotOfPath(object.path, context.settings);
    return slot === undefined ? [] : [{ ...object, slot, record: records.get(slot.id) }];
  });
  const checked = await checkObjects(context, objects);
  const differences = [
    ...missingObjects(objects, ledger, context.settings),
    ...foreignPaths(listed, context.settings).map(
      (path) =>
        `Unexpected file in the archive: ${path} belongs to no slot, but readers take it for part of the archive. Move it away.`,
    ),
    ...unrecordedObjects(checked.filter(({ isUnrecorded }) => isUnrecorded).map(({ path }) => path)),
    ...checked.flatMap((object) => object.differences),
    ...(await listDifferences(context, ledger)),
  ];
  return {
    differences,
    records: ledger.length,
    objects: objects.length,
    messages: checked.reduce((sum, { rows }) => sum + rows, 0),
    bytes: objects.reduce((sum, object) => sum + object.bytes, 0),
  };
}

/** Checks objects one by one, and that no id occurs twice. Logs one line for each. */
async function checkObjects(context: Context, objects: readonly CheckedObject[]) {
  const register = new IdRegister(join(context.temporary, `${context.newId()}.sqlite`));
  let done = 0;
  const checkOne = async (object: CheckedObject) => {
    const check = new ObjectCheck(context, object, register);
    const differences = await check.run();
    done += 1;
    context.log.line(
      `  [${done}/${objects.length}] ${object.path}  ${counted(check.rows, 'message')}, ${bytes(object.bytes)}`,
    );
    return { path: object.path, differences, rows: check.rows, isUnrecorded: check.isUnrecorded };
  };
  return eachWithin(pLimit(objectsAtOnce), objects, checkOne).finally(() => {
    register.close();
    return rm(register.path, { force: true });
  });
}

/** Quarantine objects and lists of removed messages that are missing or damaged. */
async function listDifferences({ archive }: Context, ledger: readonly LedgerRecord[]): Promise<string[]> {
  const paths = ledger.flatMap(({ slot, quarantine_sha256, removed_sha256 }) => [
    ...(quarantine_sha256 === undefined ? [] : [linesPath(quarantineFolder(slot), quarantine_sha256)]),
    ...(removed_sha256 === undefined ? [] : [linesPath(removedFolder(slot), removed_sha256)]),
  ]);
  const faults = await eachWithin(pLimit(objectsAtOnce), paths, (path) => checkLines(archive, path));
  return faults.flatMap((fault, n) => {
    if (fault === undefined) return [];
    const what =
      fault === 'absent'
        ? 'is missing, but is in the ledger'
        : 'is damaged or forged (its bytes do not match its name)';
    return [`The object ${paths[n]} ${what}. ${restore}`];
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
        `The object ${objectPath(slotById(slot, layout), format)} is missing; according to the ledger it held ${counted(rows, 'message')}. ${restore}`,
    );
}

/** One sentence for all of them: most often the ledger belongs to another archive. */
function unrecordedObjects(paths: readonly string[]): string[] {
  const [first, ...others] = paths;
  if (first === undefined) return [];
  const toDo = 'Check that `staging` belongs to this archive. If it does, re-run, which checks and records';
  if (others.length === 0) return [`The object ${first} has no ledger record. ${toDo} it.`];
  const more = paths.length - namesMax;
  const names = `${paths.slice(0, namesMax).join(', ')}${more > 0 ? ` and ${number(more)} more` : ''}`;
  return [`${counted(paths.length, 'object')} have no ledger record (${names}). ${toDo} them.`];
}
