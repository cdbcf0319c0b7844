import { slotOfPath } from '../archive/layout.ts';
import type { Format } from '../archive/schema.ts';
import type { ArchiveSettings } from '../archive/settings.ts';
import { firstOf } from '../format.ts';
import type { ListedObject } from '../io/ports.ts';
import type { Facts, PlannedSlot } from '../plan/decide.ts';

/** Paths of objects that belong to no slot, although readers take them for part of the archive. */
export function foreignPaths(
  objects: readonly ListedObject[],
  settings: Pick<ArchiveSettings, 'layout' | 'format'>,
): string[] {
  return objects.map(({ path }) => path).filter((path) => slotOfPath(path, settings) === undefined);
}

/** Warnings of a plan about foreign objects, and about objects without a ledger record that the plan does not read. */
export function foreignObjectWarnings(
  objects: readonly ListedObject[],
  format: Format,
  { ledger, layout }: Facts,
  planned: readonly PlannedSlot[],
): string[] {
  const foreign = foreignPaths(objects, { layout, format });
  const isRead = new Set(planned.flatMap(({ slot, action }) => (action === 'read' ? [slot.id] : [])));
  const unrecorded = objects
    .filter(({ path }) => {
      const slot = slotOfPath(path, { layout, format })?.id;
      return slot !== undefined && !isRead.has(slot) && ledger.get(slot)?.version === undefined;
    })
    .map(({ path }) => path);
  return [
    ...(foreign.length > 0
      ? [
          `Unexpected files in the archive: ${firstOf(foreign, 'object')}. Readers take them for part of it. Move away everything that no run wrote.`,
        ]
      : []),
    ...(unrecorded.length > 0
      ? [
          `The ledger has no record of ${firstOf(unrecorded, 'object')}, outside of this run's range. Check that \`staging\` belongs to this archive, or run over the archive's full range.`,
        ]
      : []),
  ];
}
