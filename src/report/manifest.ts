import { counted, number } from '../format.ts';
import { code, idCode, type Part } from './markdown.ts';

const namedMax = 50;
const idCharactersMax = 200;
const pathCharactersMax = 300;

/** What became of a message that a manifest names; a number stands for each in the order here. */
export const manifestStates = ['unknown', 'archived', 'pending', 'unalerted', 'invalid', 'not archived'] as const;
export type ManifestState = (typeof manifestStates)[number];

/** What a manifest says of an archive. */
export interface ManifestCheck {
  /** The manifest's file, and that with the state of each id: JSON Lines. */
  readonly path: string;
  readonly resultPath: string;
  readonly counts: Readonly<Record<ManifestState, number>>;
  /** Of those that are unknown, and of those that are not archived, the first 50 each. */
  readonly unknown: readonly string[];
  readonly notArchived: readonly string[];
  /** Whether a source was asked for those that are neither archived nor pending. */
  readonly isAsked: boolean;
}

/** Ids that are named. */
export const manifestNamedMax = namedMax;

/** Why the manifest is not fulfilled: a sentence, or undefined where it is. */
export function manifestProblem({ path, counts, unknown, notArchived, isAsked }: ManifestCheck): string | undefined {
  const clauses = [
    ...(counts.unknown > 0
      ? [`${counted(counts.unknown, 'message')} unknown${isAsked ? '' : ' or without alerts'} (${first(unknown)})`]
      : []),
    ...(counts['not archived'] > 0
      ? [`${counted(counts['not archived'], 'message')} with alerts not in the archive (${first(notArchived)})`]
      : []),
  ];
  if (clauses.length === 0) return undefined;
  const toDo = [
    ...(counts.unknown > 0 && !isAsked
      ? ['Name a source too, so that messages without alerts can be told from unknown ones.']
      : []),
    ...(counts.unknown > 0 && isAsked ? ['Find out why the source does not return them.'] : []),
    ...(counts['not archived'] > 0 ? ['Run the archive over their time, then verify again.'] : []),
  ];
  return `The manifest ${path} names ${clauses.join(' and ')}. ${toDo.join(' ')}`;
}

function first(ids: readonly string[]): string {
  return `first: ${JSON.stringify(cut(ids[0] ?? ''))}`;
}

function cut(id: string): string {
  return id.length > idCharactersMax ? `${id.slice(0, idCharactersMax).toWellFormed()}…` : id;
}

const meanings: Readonly<Record<ManifestState, string>> = {
  archived: 'in the archive',
  pending: 'in staging, until all their alerts are closed',
  unalerted: 'at the source, without alerts: not archived',
  invalid: 'could not be read as messages, and are in quarantine',
  'not archived': 'at the source with alerts, and neither in the archive nor in staging',
  unknown: 'not found anywhere',
};
const order: readonly ManifestState[] = ['archived', 'pending', 'unalerted', 'invalid', 'not archived', 'unknown'];

/** What the manifest says, for the summary of a verification. */
export function manifestParts({ path, counts, unknown, notArchived, isAsked }: ManifestCheck): Part[] {
  const total = order.reduce((sum, state) => sum + counts[state], 0);
  const meaningOf = (state: ManifestState) =>
    state === 'unknown' && !isAsked ? `${meanings.unknown}, or without alerts: no source was asked` : meanings[state];
  return [
    {
      head: [
        '### Manifest',
        '',
        `${code(path, pathCharactersMax)} names ${counted(total, 'message')}:`,
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
  const left = count - ids.length;
  return [
    {
      head: [
        `${title}:`,
        '',
        ...ids.map((id) => `- ${idCode(id, idCharactersMax)}`),
        ...(left > 0 ? [`- and ${number(left)} more: see the output \`manifest-result\``] : []),
      ],
    },
  ];
}
