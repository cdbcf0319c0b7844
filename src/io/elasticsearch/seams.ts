import { UserError } from '../../errors.ts';
import { counted, names } from '../../format.ts';
import type { MessageShape } from '../../messages/message.ts';
import type { Page, ScannedMessage } from '../../messages/page.ts';
import { invalidMessage } from '../../messages/read.ts';
import { contains, type Interval, instant } from '../../windows/interval.ts';
import { isOfList } from './fields.ts';

const reason = 'timestamp and indexed field are in different slots';

function misplaced({ start, end, id, extras }: ScannedMessage): ScannedMessage {
  return { start, ...invalidMessage(end, reason, id), ...(extras && { extras }) };
}

/** A page of messages that a search finds outside of a range, those as invalid whose own timestamp lies inside. */
export function withMisplaced(page: Page, range: Interval): Page {
  const messages = page.messages.map((message) =>
    message.timestamp !== undefined && contains(range, message.timestamp) ? misplaced(message) : message,
  );
  return { ...page, messages };
}

export function isMisplaced(message: ScannedMessage): boolean {
  return message.reason === reason;
}

/** Where so many of a page's messages, and most of it, lie elsewhere, the field is another one's. */
const straysMin = 5;

/**
 * Messages that their field in the index puts into a slot, and their own timestamp into another one, where Elasticsearch
 * would not find them. They stay with the slot that they are found in, as invalid, so that they are counted once and kept.
 */
export class Seams {
  readonly #interval: Interval;
  readonly #field: string;
  readonly #url: string;
  readonly #isOff: boolean;
  readonly #ids = new Map<string, string>();

  constructor(interval: Interval, { timestamp }: MessageShape, field: string, url: string) {
    this.#interval = interval;
    this.#field = field;
    this.#url = url;
    // By a list of timestamps a message is found in the slot of each, and so in its own.
    this.#isOff = isOfList(timestamp);
  }

  /** What names each of them, for people. */
  get strays(): readonly string[] {
    return [...this.#ids.values()];
  }

  /** The page with such messages as invalid. @throws UserError where most of a page are such */
  revised(page: Page): Page {
    if (this.#isOff || !page.messages.some((message) => this.#isStray(message))) return page;
    const strays = page.messages.filter((message) => this.#isStray(message));
    if (strays.length >= straysMin && strays.length * 2 > page.messages.length) throw this.#fault(strays[0]!);
    const messages = page.messages.map((message) => (this.#isStray(message) ? this.#kept(message) : message));
    return { ...page, messages };
  }

  sentence(): string {
    const { start, end } = this.#interval;
    return `Elasticsearch at ${this.#url} finds ${counted(this.strays.length, 'message')} between ${instant(start)} and ${instant(end)} whose own timestamp lies in another slot, where no search finds it: ${names(this.strays)}. Kept in quarantine, not archived; see message-timestamp and the mapping of the field "${this.#field}".`;
  }

  #isStray({ timestamp }: ScannedMessage): boolean {
    return timestamp !== undefined && !contains(this.#interval, timestamp);
  }

  #kept(found: ScannedMessage): ScannedMessage {
    const { id, extras } = found;
    // A stub and the whole message are one document.
    const document = JSON.stringify(extras?.slice(1) ?? id);
    this.#ids.set(document, id ?? document);
    return found.state === 'invalid' ? { ...found, timestamp: undefined } : misplaced(found);
  }

  #fault({ timestamp }: ScannedMessage): UserError {
    const { start, end } = this.#interval;
    return new UserError(
      `Elasticsearch at ${this.#url} finds a message of ${instant(Number(timestamp! / 1000n))} between ${instant(start)} and ${instant(end)}: its field "${this.#field}" says something else than the message itself; see message-timestamp and the mapping of that field.`,
    );
  }
}
