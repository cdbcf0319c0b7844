import type { DamagedItem } from '../archive/ledger.ts';
import { counted, number } from '../format.ts';
import { type Layout, type Slot, slotAt } from '../windows/slot.ts';

/** The number of items and of slots to name in a sentence. */
const namesMax = 3;
const keyCharactersMax = 80;
/** Printable ASCII, except quotes: neither a terminal nor the runner interprets it. */
const safeKey = /^[ !#-&(-~]+$/;

/** Returns the slot of a damaged item; undefined if its key does not name one of this layout. */
export function damagedSlot({ start }: DamagedItem, layout: Layout): Slot | undefined {
  if (start === undefined) return undefined;
  const slot = slotAt(start, layout);
  return slot.start === start ? slot : undefined;
}

/** Returns the ids of the slots to read again because their record or one of their pending messages is damaged. */
export function damagedSlots(damaged: readonly DamagedItem[] = [], layout: Layout): ReadonlySet<string> {
  return new Set(damaged.flatMap((item) => damagedSlot(item, layout)?.id ?? []));
}

/** A damaged item as the subject of a sentence: `The ledger record of slot … (counts.read)`. */
export function nameOfDamaged(item: DamagedItem, layout: Layout): string {
  const slot = damagedSlot(item, layout)?.id;
  const member = item.member === undefined ? 'not a JSON object' : `invalid: ${item.member}`;
  const isSafe = item.key.length <= keyCharactersMax && safeKey.test(item.key);
  const key = isSafe ? ` "${item.key}"` : '';
  const names = {
    slot: slot === undefined ? `The ledger record${key}` : `The ledger record of slot ${slot}`,
    message: `The pending message${key}${slot === undefined ? '' : ` of slot ${slot}`}`,
    source: `The record of source${key}`,
  };
  return `${names[item.kind]} (${member})`;
}

/** The remedy for a damaged item, as a sentence without its period. */
export function remedyOfDamaged(item: DamagedItem, layout: Layout): string {
  if (item.kind === 'source') return 'The next run that uses the source replaces it';
  return damagedSlot(item, layout) === undefined
    ? 'It belongs to no slot: delete it'
    : 'A run reads the slot again and replaces it';
}

/**
 * The warning of a run about all damaged items of the staging at `url`.
 * @param damaged at least one
 */
export function damageWarning(url: string, damaged: readonly DamagedItem[], layout: Layout): string {
  const slots = [...damagedSlots(damaged, layout)].sort();
  const lost = damaged.filter((item) => item.kind !== 'source' && damagedSlot(item, layout) === undefined);
  const more = (count: number) => (count > namesMax ? ` and ${number(count - namesMax)} more` : '');
  const subjects = damaged.slice(0, namesMax).map((item) => nameOfDamaged(item, layout));
  return [
    `${counted(damaged.length, 'item')} of ${url} ${damaged.length === 1 ? 'is' : 'are'} damaged: ${subjects.join('; ')}${more(damaged.length)}.`,
    ...(slots.length > 0
      ? [
          `This run reads ${counted(slots.length, 'slot')} again to replace them: ${slots.slice(0, namesMax).join(', ')}${more(slots.length)}.`,
        ]
      : []),
    ...(lost.length > 0
      ? [`Delete the ${counted(lost.length, 'item')} that ${lost.length === 1 ? 'belongs' : 'belong'} to no slot.`]
      : []),
    'Find out what else writes to it: only runs should.',
  ].join(' ');
}
