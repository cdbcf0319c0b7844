import { UserError } from '../errors.ts';
import { type Pointer, parsePointer } from '../messages/json/pointer.ts';
import { statusCharsMax } from '../messages/statuses.ts';
import { isZone } from '../messages/time/calendar.ts';
import { compileTimeFormat } from '../messages/time/pattern.ts';
import { parseInstant } from '../messages/time/timestamp.ts';
import { type Parser, Refusal } from './given.ts';

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** `true` or `false`, as YAML 1.2 spells them. */
export const flag: Parser<boolean> = {
  accepted: 'use `true` or `false`',
  read(text) {
    if (/^(true|True|TRUE)$/.test(text)) return true;
    return /^(false|False|FALSE)$/.test(text) ? false : undefined;
  },
};

/** One of these words. */
export function word<Word extends string>(...words: readonly Word[]): Parser<Word> {
  return {
    accepted: `use one of ${words.map((each) => `\`${each}\``).join(', ')}`,
    read: (text) => words.find((each) => each === text),
  };
}

/** A whole number within inclusive bounds, in digits only. */
export function wholeNumber(min: number, max: number): Parser<number> {
  return {
    accepted: `use a whole number from ${min} to ${max}`,
    read(text) {
      const number = Number(text);
      return /^\d+$/.test(text) && number >= min && number <= max ? number : undefined;
    },
  };
}

/** A date or an instant, in UTC unless it has an offset, as ms since 1970; finer digits are dropped. */
export const moment: Parser<number> = {
  accepted: 'use a date such as 2024-06-01, or an instant such as 2024-06-01T12:00:00Z, in the years 1970 to 9999',
  read(text) {
    const micros = parseInstant(text);
    return micros === undefined || micros < 0n ? undefined : Number(micros / 1_000n);
  },
};

/** Hours, minutes and seconds (`5h30m`) as ms, up to `hoursMax` hours. */
export function duration(hoursMax: number): Parser<number> {
  return {
    accepted: `use hours, minutes and seconds, such as \`5h30m\`, \`45m\` or \`90s\`, from 1s to ${hoursMax}h in total`,
    read(text) {
      const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
      const [hours, minutes, seconds] = (parts ?? []).slice(1).map((digits) => Number(digits ?? 0));
      const ms = (hours ?? 0) * hourMs + (minutes ?? 0) * minuteMs + (seconds ?? 0) * secondMs;
      return ms >= secondMs && ms <= hoursMax * hourMs ? ms : undefined;
    },
  };
}

/** A JSON pointer to a part of a value. */
export const pointer: Parser<Pointer> = {
  accepted: 'use a JSON pointer such as `/data/id`, with `~0` for "~" and `~1` for "/" within a name',
  read(text) {
    try {
      return text === '' ? undefined : parsePointer(text);
    } catch (error) {
      if (error instanceof UserError) return undefined;
      throw error;
    }
  },
};

/** A JSON pointer, or the empty one, written `""` as in RFC 6901, since an empty input counts as absent. */
export const anyPointer: Parser<Pointer> = {
  accepted: `${pointer.accepted}, or \`""\` for the whole value`,
  read: (text) => (text === '""' ? [] : pointer.read(text)),
};

/** Statuses separated by commas, or one on each line; in lower case, without repetitions. */
export const statuses: Parser<readonly string[]> = {
  accepted: 'use statuses separated by commas, such as `closed, resolved`, or one on each line',
  read(text) {
    const lines = text.split(/\r\n?|\n/).map((line) => line.trim());
    const mixed = lines.find((line) => lines.length > 1 && line.endsWith(','));
    if (mixed !== undefined) throw new Refusal('separate statuses by commas or by line breaks, not by both', mixed);
    const each = (lines.length > 1 ? lines : text.split(',')).map((part) => part.trim().toLowerCase());
    const long = each.find((part) => part.length > statusCharsMax);
    if (long !== undefined) throw new Refusal(`use statuses of at most ${statusCharsMax} characters`, long);
    const found = [...new Set(each)].filter((part) => part !== '');
    return found.length > 0 ? found : undefined;
  },
};

/** A pattern or a named format for timestamps. */
export const timeFormat: Parser<string> = {
  accepted: 'use a pattern such as `dd/MM/yyyy HH:mm:ss`, or the name of an Elasticsearch date format',
  read(text) {
    try {
      compileTimeFormat(text);
      return text;
    } catch (error) {
      if (error instanceof UserError) throw new Refusal(`${error.message}; ${timeFormat.accepted}`);
      throw error;
    }
  },
};

/** The IANA name of a time zone. */
export const timeZone: Parser<string> = {
  accepted: 'use the name of a time zone, such as `Europe/Berlin` or `UTC`',
  read: (text) => (isZone(text) ? text : undefined),
};
