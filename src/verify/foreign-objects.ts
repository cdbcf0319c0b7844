import { slotOfPath } from '../archive/layout.ts';
import type { Format } from '../archive/schema.ts';
import { firstOf } from '../format.ts';
import type { ListedObject } from '../io/ports.ts';
import type { Facts, PlannedSlot } from '../plan/decide.ts';

/** A sentence for each kind of object that readers take for part of the archive and that the ledger does not speak of. */
export function foreignObjects(
  objects: readonly ListedObject[],
  format: Format,
  { ledger, layout }: Facts,
  planned: readonly PlannedSlot[],
): string[] {
  const isRead = new Set(planned.flatMap(({ slot, action }) => (action === 'read' ? [slot.id] : [])));
  const foreign: string[] = [];
  const unrecorded: string[] = [];
  for (const { path } of objects) {
    const slot = slotOfPath(path, { layout, format })?.id;
    if (slot === undefined) foreign.push(path);
    else if (!isRead.has(slot) && ledger.get(slot)?.version === undefined) unrecorded.push(path);
  }
  return [
    ...(foreign.length > 0
      ? [
          `No run wrote ${firstOf(foreign, 'object')}, which readers take for part of the archive: move away what is not its own.`,
        ]
      : []),
    ...(unrecorded.length > 0
      ? [
          `The ledger has no record of ${firstOf(unrecorded, 'object')}, and this run does not read its time: see that \`staging\` names what the archive was made with, or run over all of its time.`,
        ]
      : []),
  ];
}
