import type { NamedMessages } from '../archive/comparison.ts';
import { counted, number } from '../format.ts';
import type { SourceName } from '../messages/message.ts';
import { causePhrases, engineOf, sourceNouns } from './phrases.ts';

const shownTexts = { unalerted: ' (without alerts there)', invalid: ' (invalid there)' } as const;

/** Returns the named messages, and how many more there are. */
export function namedText({ count, named }: NamedMessages): string[] {
  const texts = named.map(({ id, shown }) => `${JSON.stringify(id)}${shown === undefined ? '' : shownTexts[shown]}`);
  return count > named.length ? [...texts, `and ${number(count - named.length)} more`] : texts;
}

/** Returns a clause about messages that `source` lacks and the other source has. */
export function lackingText(source: SourceName, count: number, settled: SourceName | undefined): string {
  return causePhrases.lacking.what({ count, source, ...(settled !== undefined && { settled }) });
}

/** Returns a clause about messages whose content differs between the sources. */
export function differingText({ count }: NamedMessages, settled: SourceName | undefined): string {
  return `${counted(count, 'message')} with alerts ${count === 1 ? 'differs' : 'differ'} between the API and ${sourceNouns[engineOf(settled)]}`;
}
