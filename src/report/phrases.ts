import type { Cases, Deferred } from '../archive/ledger.ts';
import { counted, names, number } from '../format.ts';
import type { SourceName } from '../messages/message.ts';

// One fact, one sentence: summary, tracking issue, coverage page, log and errors take their wording from these tables.
// A table is typed by its list of names, so that a new name compiles only once it has its phrases.

/** Why an archive can be incomplete, the most serious cause first. */
export const causeNames = [
  'unplanned',
  'void',
  'unreadable',
  'unowned',
  'lacking',
  'unsearched',
  'unplaced',
  'failed',
  'source',
  'leg',
  'time',
  'earlier',
] as const;
export type CauseName = (typeof causeNames)[number];

/** The facts that a cause's phrases depend on. */
export interface CauseFacts {
  /** Slots, windows, messages or indices affected. */
  readonly count: number;
  /** True if an error message is shown with the cause. */
  readonly hasError?: boolean;
  /** True if slots planned by a refresh are missing: repeating the refresh would start over. */
  readonly isRefresh?: boolean;
  /** The days to pass as `from` and `to`. */
  readonly from?: string;
  readonly to?: string;
  /** Words that precede a count that is an upper bound: `up to `. */
  readonly bound?: string;
  readonly source?: SourceName;
  /** The search engine that the API was compared with. */
  readonly settled?: SourceName;
}

interface CausePhrases {
  /** A clause without a full stop: `4 slots failed`. */
  readonly what: (facts: CauseFacts) => string;
  /**
   * The remedy, in one or two sentences. Backticks enclose what a person types, brackets the words that link to the run:
   * see {@link piecesOf}.
   */
  readonly toDo: (facts: CauseFacts) => string;
}

export const causePhrases: Readonly<Record<CauseName, CausePhrases>> = {
  unplanned: {
    what: () => 'No plan was made',
    toDo: ({ hasError }) =>
      hasError ? 'Fix the error below, then re-run.' : 'Check the log of [the plan job], then re-run.',
  },
  void: {
    what: () => 'No slot has ever held a message',
    toDo: () => "Check the source's URL, query and JSON pointers, then re-run with `refresh: true`.",
  },
  unreadable: {
    what: ({ count, bound = '' }) =>
      count === 1
        ? 'The 1 message read is not valid'
        : `None of the ${bound}${counted(count, 'message')} read are valid`,
    toDo: () => 'Check `message-id`, `message-timestamp` and `message-alerts`, then re-run with `refresh: true`.',
  },
  unowned: {
    what: ({ count }) =>
      count === 1
        ? '1 message with alerts was returned for a time other than its own timestamp and is in no slot'
        : `${number(count)} messages with alerts were returned for a time other than their own timestamps and are in no slot`,
    toDo: () =>
      'Re-run, which reads their slots again. If the source does not return them there either, it filters by another time than `message-timestamp`, such as arrival: point `message-timestamp` at that one.',
  },
  lacking: {
    what: ({ count, source = 'api', settled }) =>
      `${counted(count, 'message')} with alerts ${is(count)} in ${sourceNouns[source === 'api' ? engineOf(settled) : 'api']} but not in ${sourceNouns[source]}`,
    toDo: ({ settled }) =>
      `Find out which source is right: check permissions and filters such as \`api-query\` and \`${engineOf(settled)}-query\`. Then re-run.`,
  },
  unsearched: {
    what: ({ count, settled }) =>
      `${engineOf(settled)}-index covers ${count === 1 ? 'an index that is' : `${number(count)} indices that are`} not searched`,
    toDo: ({ settled }) =>
      `Open closed indices, name hidden ones, or exclude in \`${engineOf(settled)}-index\` those to skip (\`messages-*,-messages-old\`). Then re-run.`,
  },
  unplaced: {
    what: () => 'Messages that belong to no slot could not be read',
    toDo: () => 'Fix the error below, then re-run.',
  },
  failed: {
    what: ({ count }) => `${counted(count, 'slot')} failed`,
    toDo: ({ count }) =>
      `Fix the ${count === 1 ? 'error' : 'errors'} below, then re-run: every run retries failed slots.`,
  },
  source: {
    what: ({ count }) => `Source unavailable: ${counted(count, 'slot')} deferred`,
    toDo: ({ isRefresh }) =>
      `Check that the service is up, then re-run${withoutRefresh(isRefresh)}, or wait for the next scheduled run.`,
  },
  leg: {
    what: ({ count }) =>
      count === 1 ? 'The job of 1 window ended early' : `The jobs of ${counted(count, 'window')} ended early`,
    toDo: () => 'Check the logs of [these jobs], then re-run the failed jobs or start a new run.',
  },
  time: {
    what: ({ count }) => `Time ran out: ${counted(count, 'slot')} deferred`,
    toDo: ({ isRefresh }) =>
      `Nothing is wrong: re-run${withoutRefresh(isRefresh)}, or wait for the next scheduled run, which continues from there.`,
  },
  earlier: {
    what: ({ count }) => `${counted(count, 'slot')} from earlier plans ${is(count)} still missing`,
    toDo: ({ count, from, to }) =>
      from === undefined
        ? 'Re-run.'
        : `This run did not cover ${count === 1 ? 'it' : 'them'}: re-run with \`from: ${from}\` and \`to: ${to}\`.`,
  },
};

function is(count: number): string {
  return count === 1 ? 'is' : 'are';
}

function was(count: number): string {
  return count === 1 ? 'was' : 'were';
}

function withoutRefresh(isRefresh: boolean | undefined): string {
  return isRefresh ? ' without `refresh`' : '';
}

/** Part of a sentence: words, code to type as it is, or a link (its words alone where there is no URL). */
export type Piece = string | { readonly code: string } | { readonly words: string; readonly url: string | undefined };

/** Splits a phrase at its markup: `code` in backticks, and words in brackets, which link to `runUrl`. */
export function piecesOf(phrase: string, runUrl?: string): Piece[] {
  return phrase
    .split(/(`[^`]*`|\[[^\]]*\])/)
    .filter((part) => part !== '')
    .map((part) => {
      if (part.startsWith('`')) return { code: part.slice(1, -1) };
      return part.startsWith('[') ? { words: part.slice(1, -1), url: runUrl } : part;
    });
}

/** Why a planned slot is not up to date: its read failed, or it was deferred. */
export type Shortfall = 'failed' | Deferred['because'];

interface ShortfallPhrases {
  /** A clause of the verdict. */
  readonly clause: (count: number) => string;
  /** Why a slot is missing, after its state and a colon. */
  readonly slot: string;
  /** After `deferred: `. */
  readonly reason: string;
}

/** In the order in which a verdict lists them. */
export const shortfallPhrases: Readonly<Record<Shortfall, ShortfallPhrases>> = {
  failed: {
    clause: (count) => `${number(count)} failed`,
    slot: 'the last attempt failed',
    reason: 'the read failed',
  },
  leg: {
    clause: (count) =>
      `${number(count)} ${was(count)} not reached before ${count === 1 ? 'its job' : 'their jobs'} ended`,
    slot: 'its job ended before reading it',
    reason: 'its job ended early',
  },
  source: {
    clause: (count) => `${number(count)} ${was(count)} deferred because the source was unavailable`,
    slot: 'deferred because the source was unavailable',
    reason: 'the source was unavailable',
  },
  time: {
    clause: (count) => `${number(count)} ${was(count)} deferred when time ran out`,
    slot: 'deferred when time ran out',
    reason: 'time ran out',
  },
};

/** Cases that deserve attention though nothing is missing: those that the ledger counts, and two that it does not. */
export type CaseName = keyof Cases | 'twins' | 'invalid';

interface CasePhrases {
  /** A column's name. */
  readonly label: string;
  /** The meaning of the label, as a clause. */
  readonly definition: string;
  /** A clause: `3 archived messages were re-opened`. */
  readonly what: (count: number) => string;
  /** The consequence, as a sentence. */
  readonly outcome: string;
}

export const casePhrases: Readonly<Record<CaseName, CasePhrases>> = {
  reopened: {
    label: 're-opened',
    definition: 'an archived message has an open alert again',
    what: (count) => `${counted(count, 'archived message')} ${was(count)} re-opened`,
    outcome: 'The archived version stays until all alerts are closed again.',
  },
  amended: {
    label: 'amended',
    definition: 'the content of an archived message changed',
    what: (count) => `${counted(count, 'archived message')} ${was(count)} amended at source`,
    outcome: 'A newer closed version replaces the archived one.',
  },
  removed: {
    label: 'removed at source',
    definition: 'the source no longer returns an archived message',
    what: (count) => `${counted(count, 'archived message')} ${was(count)} removed at source`,
    outcome: 'The archived version stays.',
  },
  removed_pending: {
    label: 'pending, removed at source',
    definition: 'the source no longer returns a pending message',
    what: (count) => `${counted(count, 'pending message')} ${was(count)} removed at source`,
    outcome: 'Such messages stay pending.',
  },
  conflicting: {
    label: 'conflicting',
    definition: 'one read returned different versions of a message',
    what: (count) => `${counted(count, 'message')} ${count === 1 ? 'has' : 'have'} more than one version at the source`,
    outcome: 'The version whose alerts changed last is used.',
  },
  twins: {
    label: 'twins',
    definition: 'one read returned copies of a message',
    what: (count) => `${counted(count, 'message')} ${is(count)} held more than once by the source`,
    outcome: 'Each is archived once, and extra copies are counted as duplicates.',
  },
  invalid: {
    label: 'invalid',
    definition: 'it cannot be read as a message',
    what: (count) => `${counted(count, 'message')} ${is(count)} invalid`,
    outcome: '_quarantine/ holds each with its reason.',
  },
};

export const caseNames = Object.keys(casePhrases) as readonly CaseName[];

/** The cases that the ledger counts. */
export const ledgerCaseNames = caseNames.filter((name): name is keyof Cases => name !== 'twins' && name !== 'invalid');

/** Returns a case of these message ids, for the log. */
export function caseLine(name: CaseName, ids: readonly string[]): string {
  const { what, outcome } = casePhrases[name];
  return `${what(ids.length)}: ${names(ids)}. ${outcome}`;
}

/** Returns a case of `count` messages, as two sentences. */
export function caseSentence(name: CaseName, count: number): string {
  const { what, outcome } = casePhrases[name];
  return `${what(count)}. ${outcome}`;
}

/**
 * Returns a warning about slots without messages between slots with some.
 * @param first the first of them, for people; absent if they are listed beside it
 */
export function gapSentence(count: number, first?: string): string {
  const slots = first === undefined ? counted(count, 'slot') : `${counted(count, 'slot')} (${first} first)`;
  const which = count === 1 ? `${first ?? slots} holds` : `${slots} hold`;
  return `${which} no messages, although earlier and later slots do. Check the source for a gap.`;
}

/** A source's name in a table. */
export const sourceLabels: Readonly<Record<SourceName, string>> = {
  api: 'API',
  elasticsearch: 'Elasticsearch',
  opensearch: 'OpenSearch',
};

/** A source's name within a sentence. */
export const sourceNouns: Readonly<Record<SourceName, string>> = {
  api: 'the API',
  elasticsearch: 'Elasticsearch',
  opensearch: 'OpenSearch',
};

/** The search engine of a comparison; plans of earlier releases do not name it. */
export function engineOf(settled: SourceName | undefined): SourceName {
  return settled ?? 'elasticsearch';
}
