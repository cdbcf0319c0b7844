import type { NamedMessages } from '../archive/comparison.ts';
import { counted, number } from '../format.ts';
import type { SourceName } from '../messages/message.ts';

const sourceNames: Readonly<Record<SourceName, string>> = {
  api: 'the API',
  elasticsearch: 'Elasticsearch',
  opensearch: 'OpenSearch',
};
const shownTexts = { unalerted: ' (there without alerts)', invalid: ' (invalid there)' } as const;

/** Each message that is named, and how many more there are. */
export function namedText({ count, named }: NamedMessages): string[] {
  const texts = named.map(({ id, shown }) => `${JSON.stringify(id)}${shown === undefined ? '' : shownTexts[shown]}`);
  return count > named.length ? [...texts, `and ${number(count - named.length)} more`] : texts;
}

/** A clause: so many messages are in one source and not in the other. */
export function lackingText(source: SourceName, count: number): string {
  const other = source === 'api' ? 'elasticsearch' : 'api';
  return `${counted(count, 'message')} with alerts ${count === 1 ? 'is' : 'are'} in ${sourceNames[other]} and not in ${sourceNames[source]}`;
}

/** A clause: so many messages differ. */
export function differingText({ count }: NamedMessages): string {
  return `${counted(count, 'message')} with alerts ${count === 1 ? 'has' : 'have'} different content in the API and in Elasticsearch`;
}
