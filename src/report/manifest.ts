import { counted, number } from '../format.ts';
import { code, idCode, type Part } from './markdown.ts';

const namedMax = 50;
const idCharactersMax = 200;
const pathCharactersMax = 300;

/** State of a message that a manifest lists. Stored as its index in this list. */
export const manifestStates = ['unknown', 'archived', 'pending', 'unalerted', 'invalid', 'not archived'] as const;
export type ManifestState = (typeof manifestStates)[number];

/** Result of checking an archive against a manifest. */
export interface ManifestCheck {
  /** The manifest's file. */
  readonly path: string;
  /** The file with the state of each id, as JSON Lines. */
  readonly resultPath: string;
  readonly counts: Readonly<Record<ManifestState, number>>;
  /** The first 50 unknown ids. */
  readonly unknown: readonly string[];
  /** The first 50 ids that are not archived. */
  readonly notArchived: readonly string[];
  /** True if a source was searched for ids that are neither archived nor pending. */
  readonly isAsked: boolean;
}

/** The maximum number of ids named for a state. */
export const manifestNamedMax = namedMax;

/** Returns an error if the manifest lists unknown or unarchived messages; undefined otherwise. */
export function manifestProblem({ path, counts, unknown, notArchived, isAsked }: ManifestCheck): string | undefined {
  const clauses = [
    ...(counts.unknown > 0
      ? [
          `${counted(counts.unknown, 'message')} that ${counts.unknown === 1 ? 'is' : 'are'} unknown${isAsked ? '' : ' or without alerts'} (${first(unknown)})`,
        ]
      : []),
    ...(counts['not archived'] > 0
      ? [
          `${counted(counts['not archived'], 'message')} with alerts that ${counts['not archived'] === 1 ? 'is' : 'are'} not archived (${first(notArchived)})`,
        ]
      : []),
  ];
  if (clauses.length === 0) return undefined;
  const toDo = [
    ...(counts.unknown > 0 && !isAsked
      ? ['Configure a source too, to distinguish messages without alerts from unknown ones.']
      : []),
    ...(counts.unknown > 0 && isAsked ? ['Check why the source does not return them.'] : []),
    ...(counts['not archived'] > 0 ? ['Archive the time range that they are in, then verify again.'] : []),
  ];
  return `The manifest ${path} lists ${clauses.join(' and ')}. ${toDo.join(' ')}`;
}

function first(ids: readonly string[]): string {
  return `first: ${JSON.stringify(cut(ids[0] ?? ''))}`;
}

function cut(id: string): string {
  return id.length > idCharactersMax ? `${id.slice(0, idCharactersMax).toWellFormed()}…` : id;
}

const meanings: Readonly<Record<ManifestState, string>> = {
  archived: 'in the archive',
  pending: 'in staging until all alerts are closed',
  unalerted: 'at the source without alerts, not archived',
  invalid: 'in quarantine, not readable as messages',
  'not archived': 'at the source with alerts, but neither archived nor pending',
  unknown: 'not found',
};
const order: readonly ManifestState[] = ['archived', 'pending', 'unalerted', 'invalid', 'not archived', 'unknown'];

/** Returns the result for the summary of a verification. */
export function manifestParts({ path, counts, unknown, notArchived, isAsked }: ManifestCheck): Part[] {
  const total = order.reduce((sum, state) => sum + counts[state], 0);
  const meaningOf = (state: ManifestState) =>
    state === 'unknown' && !isAsked
      ? `${meanings.unknown}, or without alerts (no source was searched)`
      : meanings[state];
  return [
    {
      head: [
        '### Manifest',
        '',
        `${code(path, pathCharactersMax)} lists ${counted(total, 'message')}:`,
        '',
        '| state | messages | |',
        '|---|--:|---|',
        ...order.map((state) => `| ${state} | ${number(counts[state])} | ${meaningOf(state)} |`),
      ],
    },
    ...named('Unknown', counts.unknown, unknown),
    ...named('Not archived', counts['not archived'], notArchived),
  ];
}

function named(title: string, count: number, ids: readonly string[]): Part[] {
  if (count === 0) return [];
  const more = count - ids.length;
  return [
    {
      head: [
        `${title}:`,
        '',
        ...ids.map((id) => `- ${idCode(id, idCharactersMax)}`),
        ...(more > 0 ? [`- and ${number(more)} more: see the output \`manifest-result\``] : []),
      ],
    },
  ];
}
