import { UserError } from '../../errors.ts';
import { counted, names } from '../../format.ts';
import type { MessageShape } from '../../messages/message.ts';
import type { Page, ScannedMessage } from '../../messages/page.ts';
import { invalidMessage } from '../../messages/read.ts';
import { contains, type Interval, instant } from '../../windows/interval.ts';
import type { Cluster } from './cluster.ts';
import { isOfList } from './fields.ts';

const reason = 'timestamp and indexed field are in different slots';

function misplaced({ start, end, id, extras }: ScannedMessage): ScannedMessage {
  return { start, ...invalidMessage(end, reason, id), ...(extras && { extras }) };
}

/** Marks messages in a page of a search outside a range as invalid if their own timestamp lies inside. */
export function withMisplaced(page: Page, range: Interval): Page {
  const messages = page.messages.map((message) =>
    message.timestamp !== undefined && contains(range, message.timestamp) ? misplaced(message) : message,
  );
  return { ...page, messages };
}

export function isMisplaced(message: ScannedMessage): boolean {
  return message.reason === reason;
}

/** This many strays, if they are more than half of a page, mean that the field is not the message's timestamp. */
const straysMin = 5;

/**
 * Finds messages that belong to one slot by their field in the index, and to another by their own timestamp; no search of
 * the other slot finds them. They stay in the slot in which they were found, as invalid: kept, and counted once.
 */
export class Seams {
  readonly #interval: Interval;
  readonly #field: string;
  readonly #cluster: Cluster;
  readonly #isOff: boolean;
  readonly #ids = new Map<string, string>();

  constructor(interval: Interval, { timestamp }: MessageShape, field: string, cluster: Cluster) {
    this.#interval = interval;
    this.#field = field;
    this.#cluster = cluster;
    // A list of timestamps puts a message into the slot of each, and so also into its own.
    this.#isOff = isOfList(timestamp);
  }

  /** A name of each such message, for people. */
  get strays(): readonly string[] {
    return [...this.#ids.values()];
  }

  /** Returns the page with such messages marked invalid. @throws UserError if they are more than half of the page */
  revised(page: Page): Page {
    if (this.#isOff || !page.messages.some((message) => this.#isStray(message))) return page;
    const strays = page.messages.filter((message) => this.#isStray(message));
    if (strays.length >= straysMin && strays.length * 2 > page.messages.length) throw this.#fault(strays[0]!);
    const messages = page.messages.map((message) => (this.#isStray(message) ? this.#kept(message) : message));
    return { ...page, messages };
  }

  sentence(): string {
    const { start, end } = this.#interval;
    return `${this.#cluster.place} returned ${counted(this.strays.length, 'message')} between ${instant(start)} and ${instant(end)} whose own timestamp lies in another slot, where no search finds it: ${names(this.strays)}. Kept in quarantine, not archived. Check message-timestamp and the mapping of the field "${this.#field}".`;
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
      'source-index-invalid',
      `${this.#cluster.place} returned a message of ${instant(Number(timestamp! / 1000n))} between ${instant(start)} and ${instant(end)}: its field "${this.#field}" differs from the timestamp in the message. Check message-timestamp and the mapping of that field.`,
    );
  }
}
