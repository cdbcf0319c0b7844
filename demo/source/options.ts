import { parseInstant } from './instant.ts';

/** A wrong option: its message is one sentence that names the option, its value and what is accepted. */
export class OptionError extends Error {
  override readonly name: string = 'OptionError';
}

/** What a source can be told; whatever is left out has a default. */
export interface SourceOptions {
  /** Everything that is made up follows from it: an integer of [0, 2³²). */
  readonly seed?: number;
  /** The messages' timestamps lie in [from, to): ISO dates or instants, UTC. */
  readonly from?: string;
  readonly to?: string;
  /** How many messages there ever are; with `mail`, at most as many as there are mails, and by default all of these. */
  readonly messages?: number;
  /** A folder of mails, or an mbox file, to be served instead of generated text. */
  readonly mail?: string;
  readonly token?: string;
  /** 0 takes any free port. */
  readonly port?: number;
  /** A longer page is cut to so many messages. */
  readonly pageSizeMax?: number;
  /** A longer range is answered 400. */
  readonly maxDays?: number;
  /** Whether the day that `end_time` names, as a date, belongs to the range. */
  readonly endInclusive?: boolean;
  /** Where the days of dates begin: minutes that local time is ahead of UTC. */
  readonly dayOffsetMinutes?: number;
  /** Multiplies how often late, amended, invalid and other odd messages occur; 0: none. */
  readonly oddities?: number;
  /** Multiplies how often messages are deleted; 0: never; by default as often as `oddities` tells. */
  readonly deletions?: number;
  /** The usual size of a message's JSON: from the least to the most bytes. */
  readonly messageBytes?: readonly [least: number, most: number];
  /** How much generated text is kept in memory. */
  readonly textBytesMax?: number;
  /** Whether all text is made before the source starts, for measurements: otherwise as it is needed. */
  readonly warm?: boolean;
  /** The clock, in ms since 1970: the instant as of which a request without `as_of` is answered. */
  readonly now?: () => number;
}

/** {@link SourceOptions}, read and checked; instants in ms since 1970. */
export interface Settings {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly messages: number | undefined;
  readonly mail: string | undefined;
  readonly token: string;
  readonly port: number;
  readonly pageSizeMax: number;
  readonly maxDays: number;
  readonly endInclusive: boolean;
  readonly dayOffsetMinutes: number;
  readonly oddities: number;
  readonly deletions: number;
  readonly messageBytes: readonly [least: number, most: number];
  readonly textBytesMax: number;
  readonly warm: boolean;
  readonly now: () => number;
}

export const DEFAULT_TOKEN = 'demo-token';
export const DEFAULT_MESSAGES = 3_000;
const MESSAGE_BYTES: readonly [number, number] = [20_000, 30_000];
const TEXT_BYTES_MAX = 48 * 1024 * 1024;
const MESSAGES_MAX = 50_000_000;

/**
 * Checks the options and fills in what is left out.
 * @throws OptionError at the first option that cannot be used.
 */
export function readOptions(options: SourceOptions): Settings {
  const settings: Settings = {
    seed: integer('seed', options.seed ?? 1, 0, 2 ** 32 - 1),
    from: instantOf('from', options.from ?? '2019-01-01'),
    to: instantOf('to', options.to ?? '2026-01-01'),
    messages: options.messages === undefined ? undefined : integer('messages', options.messages, 0, MESSAGES_MAX),
    mail: options.mail,
    token: tokenOf(options.token ?? DEFAULT_TOKEN),
    port: integer('port', options.port ?? 0, 0, 65_535),
    pageSizeMax: integer('page-size-max', options.pageSizeMax ?? 1_000, 1, 10_000),
    maxDays: integer('max-days', options.maxDays ?? 60, 1, 100_000),
    endInclusive: options.endInclusive ?? true,
    dayOffsetMinutes: integer('day-offset-minutes', options.dayOffsetMinutes ?? 0, -1_439, 1_439),
    oddities: number('oddities', options.oddities ?? 1, 0, 20),
    deletions: number('deletions', options.deletions ?? options.oddities ?? 1, 0, 20),
    messageBytes: sizes(options.messageBytes ?? MESSAGE_BYTES),
    textBytesMax: integer('text-bytes-max', options.textBytesMax ?? TEXT_BYTES_MAX, 0, 2 ** 30),
    warm: options.warm ?? false,
    now: options.now ?? Date.now,
  };
  if (settings.from >= settings.to) throw new OptionError('Option from must be an instant before option to.');
  return settings;
}

function number(name: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw new OptionError(`Option ${name} must be a number from ${least} to ${most}, not ${value}.`);
}

function integer(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new OptionError(`Option ${name} must be a whole number from ${least} to ${most}, not ${value}.`);
}

function sizes([least, most]: readonly [number, number]): readonly [number, number] {
  integer('message-bytes', least, 500, 10_000_000);
  integer('message-bytes', most, least, 10_000_000);
  return [least, most];
}

function instantOf(name: string, text: string): number {
  const ms = parseInstant(text);
  if (ms !== undefined) return ms;
  throw new OptionError(
    `Option ${name} must be an ISO date or instant such as 2024-06-01 or 2024-06-01T12:00:00Z, not ${JSON.stringify(text)}.`,
  );
}

function tokenOf(token: string): string {
  if (/^[!-~]+$/.test(token)) return token;
  throw new OptionError('Option token must be one or more visible ASCII characters without spaces.');
}
