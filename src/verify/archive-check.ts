import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { objectPath, quarantineFolder, removedFolder, slotOfPath } from '../archive/layout.ts';
import type { DamagedItem, LedgerRecord } from '../archive/ledger.ts';
import { checkLines, linesPath } from '../archive/lines-object.ts';
import type { ArchiveSettings } from '../archive/settings.ts';
import { eachWithin } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { bytes, counted, number } from '../format.ts';
import { damagedSlots, nameOfDamaged, remedyOfDamaged } from '../plan/damaged.ts';
import { type Layout, type Slot, slotById } from '../windows/slot.ts';
import { foreignPaths } from './foreign-objects.ts';
import { IdRegister } from './id-register.ts';
import { type CheckedObject, ObjectCheck } from './object-check.ts';

const objectsAtOnce = 2;
/** The number of objects to name in a sentence. */
const namesMax = 3;
const restore = 'Restore it from an earlier version or a backup.';

/** The number of times that differences are checked again, since another run may have written in the meantime. */
const recheckRoundsMax = 2;

/** The differences of an archive and its ledger, each as sentences that say what to do; and what was compared. */
export interface ArchiveCheck {
  readonly differences: readonly string[];
  readonly records: number;
  readonly objects: number;
  readonly messages: number;
  readonly bytes: number;
}

/** One difference, and the paths and slots that it is about: what is checked again to confirm it. */
interface Difference {
  readonly text: string;
  readonly paths: readonly string[];
}

/**
 * Reads every object of the archive and compares it with the ledger. Another run may write meanwhile: what differs is compared
 * again with the state as it is then, and only what still differs is reported.
 */
export async function checkArchive(context: Context): Promise<ArchiveCheck> {
  const register = new IdRegister(join(context.temporary, `${context.newId()}.sqlite`));
  try {
    const first = await checkAll(context, register, undefined);
    let { differences } = first;
    for (let round = 0; round < recheckRoundsMax && differences.length > 0; round += 1) {
      const paths = new Set(differences.flatMap((difference) => difference.paths));
      context.log.line(`Checking ${counted(paths.size, 'object')} again, in case another run wrote meanwhile.`);
      differences = (await checkAll(context, register, paths)).differences;
    }
    return { ...first, differences: differences.map(({ text }) => text) };
  } finally {
    register.close();
    await rm(register.path, { force: true });
  }
}

/** @param paths what to check; undefined for everything */
async function checkAll(context: Context, register: IdRegister, paths: ReadonlySet<string> | undefined) {
  const { settings, staging } = context;
  const isWanted = (path: string) => paths === undefined || paths.has(path);
  // A record is written after its object: an object of this state is in a later listing.
  const { ledger, damaged = [] } = await staging.state();
  const listed = await context.archive.list();
  const records = new Map(ledger.map((record) => [record.slot, record]));
  const objects = listed.flatMap((object) => {
    const slot = slotOfPath(object.path, settings);
    return slot === undefined ? [] : [{ ...object, slot, record: records.get(slot.id) }];
  });
  const isDamaged = damagedSlots(damaged, settings.layout);
  const checked = await checkObjects(
    context,
    objects.filter(({ path }) => isWanted(path)),
    register,
  );
  const unrecorded = checked.filter(({ isUnrecorded, slot }) => isUnrecorded && !isDamaged.has(slot.id));
  const differences: Difference[] = [
    ...damagedItems(damaged, staging.url, settings.layout),
    ...missingObjects(objects, ledger, settings),
    ...foreignPaths(listed, settings).map((path) => ({
      text: `Unexpected file in the archive: ${path} belongs to no slot, but readers take it for part of the archive. Move it away.`,
      paths: [path],
    })),
    ...unrecordedObjects(unrecorded.map(({ path }) => path)),
    ...checked.flatMap((object) => object.differences.map((text) => ({ text, paths: object.paths }))),
    ...(await listDifferences(context, ledger, isWanted)),
  ];
  return {
    differences: differences.filter((difference) => difference.paths.some(isWanted)),
    records: ledger.length,
    objects: objects.length,
    messages: checked.reduce((sum, { rows }) => sum + rows, 0),
    bytes: objects.reduce((sum, object) => sum + object.bytes, 0),
  };
}

/** Checks objects one by one, and that no id occurs twice. Logs one line for each. */
async function checkObjects(context: Context, objects: readonly CheckedObject[], register: IdRegister) {
  const { layout, format } = context.settings;
  for (const { slot } of objects) register.forget(slot.id);
  let done = 0;
  const checkOne = async (object: CheckedObject) => {
    const check = new ObjectCheck(context, object, register);
    const differences = await check.run();
    done += 1;
    context.log.line(
      `  [${done}/${objects.length}] ${object.path}  ${counted(check.rows, 'message')}, ${bytes(object.bytes)}`,
    );
    const { rows, isUnrecorded } = check;
    const others = [...check.otherSlots].map((id) => objectPath(slotById(id, layout), format));
    return { ...object, differences, rows, isUnrecorded, paths: [object.path, ...others] };
  };
  return eachWithin(pLimit(objectsAtOnce), objects, checkOne);
}

function damagedItems(damaged: readonly DamagedItem[], url: string, layout: Layout): Difference[] {
  return damaged.map((item) => ({
    text: `${nameOfDamaged(item, layout)} in ${url} is damaged. ${remedyOfDamaged(item, layout)}.`,
    paths: [`${url} ${item.kind} ${item.start} ${item.key}`],
  }));
}

/** Quarantine objects and lists of removed messages that are missing or damaged. */
async function listDifferences(
  { archive }: Context,
  ledger: readonly LedgerRecord[],
  isWanted: (path: string) => boolean,
): Promise<Difference[]> {
  const paths = ledger
    .flatMap(({ slot, quarantine_sha256, removed_sha256 }) => [
      ...(quarantine_sha256 === undefined ? [] : [linesPath(quarantineFolder(slot), quarantine_sha256)]),
      ...(removed_sha256 === undefined ? [] : [linesPath(removedFolder(slot), removed_sha256)]),
    ])
    .filter(isWanted);
  const faults = await eachWithin(pLimit(objectsAtOnce), paths, (path) => checkLines(archive, path));
  return faults.flatMap((fault, n) => {
    if (fault === undefined) return [];
    const path = paths[n]!;
    const what =
      fault === 'absent'
        ? 'is missing, but is in the ledger'
        : 'is damaged or forged (its bytes do not match its name)';
    return [{ text: `The object ${path} ${what}. ${restore}`, paths: [path] }];
  });
}

function missingObjects(
  objects: readonly { readonly slot: Slot }[],
  ledger: readonly LedgerRecord[],
  { layout, format }: ArchiveSettings,
): Difference[] {
  const present = new Set(objects.map(({ slot }) => slot.id));
  return ledger
    .filter(({ slot, rows }) => rows > 0 && !present.has(slot))
    .map(({ slot, rows }) => {
      const path = objectPath(slotById(slot, layout), format);
      const text = `The object ${path} is missing; according to the ledger it held ${counted(rows, 'message')}. ${restore}`;
      return { text, paths: [path] };
    });
}

/** One sentence for all of them: most often the ledger belongs to another archive. */
function unrecordedObjects(paths: readonly string[]): Difference[] {
  const [first, ...others] = paths;
  if (first === undefined) return [];
  const toDo = 'Check that `staging` belongs to this archive. If it does, re-run, which checks and records';
  if (others.length === 0) return [{ text: `The object ${first} has no ledger record. ${toDo} it.`, paths }];
  const more = paths.length - namesMax;
  const names = `${paths.slice(0, namesMax).join(', ')}${more > 0 ? ` and ${number(more)} more` : ''}`;
  return [{ text: `${counted(paths.length, 'object')} have no ledger record (${names}). ${toDo} them.`, paths }];
}
