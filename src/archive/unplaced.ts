import { createHash } from 'node:crypto';
import { type Spool, SpoolReader } from '../memory/spool.ts';
import type { Page } from '../messages/page.ts';
import { shaBytes } from './rows.ts';

/** Average size of an object, if there are several. */
const objectBytesMax = 16 * 1024 * 1024;
const hexDigitsMax = 2;

interface Unplaced {
  readonly reason: string;
  readonly id: string | undefined;
  readonly position: number;
  readonly length: number;
}

/** Messages that belong to no slot, distinct by their bytes, which are kept in a spool. */
export class UnplacedMessages {
  readonly #spool: Spool;
  readonly #bySha = new Map<string, Unplaced>();
  #count = 0;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  /** Adds all messages of a page. Calls must not overlap. */
  async take({ bytes, messages, shas }: Page): Promise<void> {
    for (const [n, { start, end, id, reason = 'unreadable' }] of messages.entries()) {
      this.#count += 1;
      const sha = Buffer.from(shas.subarray(n * shaBytes, (n + 1) * shaBytes)).toString('hex');
      if (this.#bySha.has(sha)) continue;
      const position = this.#spool.append(bytes.subarray(start, end));
      this.#bySha.set(sha, { reason, id, position, length: end - start });
    }
    await this.#spool.flush();
  }

  get count(): number {
    return this.#count;
  }

  get duplicates(): number {
    return this.#count - this.#bySha.size;
  }

  /** For each message, its id or the hash of its bytes. */
  get names(): string[] {
    return [...this.#bySha].map(([sha, { id }]) => id ?? sha);
  }

  /** Distinct messages by reason, most frequent first. */
  get reasons(): { reason: string; count: number }[] {
    const groups = Map.groupBy(this.#bySha.values(), ({ reason }) => reason);
    return [...groups]
      .map(([reason, group]) => ({ reason, count: group.length }))
      .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
  }

  /**
   * The messages as JSON Lines, in as few texts as their size permits. If there are several, messages are grouped by hash
   * prefix, so that a new message changes only one text.
   */
  async *texts(): AsyncGenerator<{ readonly sha: string; readonly text: string }> {
    const all = [...this.#bySha].sort(([a], [b]) => (a < b ? -1 : 1));
    const bytes = all.reduce((sum, [, { length }]) => sum + length, 0);
    const digits = Math.min(hexDigitsMax, Math.ceil(Math.log(Math.max(1, bytes / objectBytesMax)) / Math.log(16)));
    const reader = new SpoolReader(await this.#spool.flush());
    try {
      for (const [, group] of Map.groupBy(all, ([sha]) => sha.slice(0, digits))) {
        const text = group.map(([sha, message]) => lineOf(sha, message, reader)).join('');
        yield { sha: createHash('sha256').update(text).digest('hex'), text };
      }
    } finally {
      reader.close();
    }
  }
}

function lineOf(sha: string, { reason, position, length }: Unplaced, reader: SpoolReader): string {
  const bytes = Buffer.alloc(length);
  reader.copy(position, length, bytes, 0);
  return quarantineLine(sha, reason, bytes);
}

/**
 * A line of a quarantine object: the reason, and the bytes as text, or in Base64 if they are not UTF-8.
 * @param sha hex SHA-256 of the bytes
 */
export function quarantineLine(sha: string, reason: string, bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  const text = buffer.toString('utf8');
  const payload = Buffer.from(text).equals(buffer) ? { payload: text } : { payload_base64: buffer.toString('base64') };
  return `${JSON.stringify({ reason, payload_sha256: sha, ...payload })}\n`;
}
