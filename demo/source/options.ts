import { parseInstant } from './instant.ts';

/** An invalid option: the message names the option, its value and the accepted values. */
export class OptionError extends Error {
  override readonly name: string = 'OptionError';
}

/** Options of a source; all have defaults. */
export interface SourceOptions {
  /** Seed of everything generated: an integer of [0, 2³²). */
  readonly seed?: number;
  /** Timestamps are in [from, to): ISO dates or instants, UTC. */
  readonly from?: string;
  readonly to?: string;
  /** Number of messages; with `mail`, at most the number of emails. Default with `mail`: all. */
  readonly messages?: number;
  /** A folder of emails or an mbox file to serve instead of generated messages. */
  readonly mail?: string;
  readonly token?: string;
  /** 0 picks a free port. */
  readonly port?: number;
  /** Larger page sizes are reduced to this. */
  readonly pageSizeMax?: number;
  /** Longer ranges are rejected with 400. */
  readonly maxDays?: number;
  /** True if the day of an `end_time` given as a date belongs to the range. */
  readonly endInclusive?: boolean;
  /** Minutes by which the source's days begin before UTC's. */
  readonly dayOffsetMinutes?: number;
  /** Multiplier for the frequency of late, amended, invalid and other odd messages; 0: none. */
  readonly oddities?: number;
  /** Multiplier for the frequency of deletions; 0: none. Default: `oddities`. */
  readonly deletions?: number;
  /** Usual size of a message's JSON: minimum and maximum bytes. */
  readonly messageBytes?: readonly [least: number, most: number];
  /** Memory for generated text. */
  readonly textBytesMax?: number;
  /** True to generate all text before the source starts (for benchmarks); otherwise on demand. */
  readonly warm?: boolean;
  /** The clock, in ms since 1970: the instant for requests without `as_of`. */
  readonly now?: () => number;
}

/** Validated {@link SourceOptions}; instants in ms since 1970. */
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
 * Validates the options and applies the defaults.
 * @throws OptionError for the first invalid option
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
  if (settings.from >= settings.to) throw new OptionError('The option --from must be before --to.');
  return settings;
}

function number(name: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw new OptionError(`The option --${name} must be a number from ${least} to ${most}, not ${value}.`);
}

function integer(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new OptionError(`The option --${name} must be an integer from ${least} to ${most}, not ${value}.`);
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
    `The option --${name} must be an ISO date or instant such as 2024-06-01 or 2024-06-01T12:00:00Z, not ${JSON.stringify(text)}.`,
  );
}

function tokenOf(token: string): string {
  if (/^[!-~]+$/.test(token)) return token;
  throw new OptionError('The option --token must be printable ASCII characters without spaces.');
}
