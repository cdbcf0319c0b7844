import { createHash } from 'node:crypto';
import { type Spool, SpoolReader } from '../memory/spool.ts';
import type { Page } from '../messages/page.ts';
import { shaBytes } from './rows.ts';

/** Of an object, on average; there are more of them where it is more in all. */
const objectBytesMax = 16 * 1024 * 1024;
const hexDigitsMax = 2;

interface Unplaced {
  readonly reason: string;
  readonly id: string | undefined;
  readonly position: number;
  readonly length: number;
}

/** Messages whose timestamp cannot be read, each kept once by its bytes; these lie in a spool. */
export class UnplacedMessages {
  readonly #spool: Spool;
  readonly #bySha = new Map<string, Unplaced>();
  #count = 0;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  /** Takes a page of which every message is one. Calls must not overlap. */
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

  /** What names each for people: its id, or the hash of its bytes. */
  get names(): string[] {
    return [...this.#bySha].map(([sha, { id }]) => id ?? sha);
  }

  /** How many there are of each reason, the most frequent first; those of the same bytes once. */
  get reasons(): { reason: string; count: number }[] {
    const groups = Map.groupBy(this.#bySha.values(), ({ reason }) => reason);
    return [...groups]
      .map(([reason, group]) => ({ reason, count: group.length }))
      .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
  }

  /**
   * JSON Lines, in few texts that depend on nothing but the messages. Where there are several, each has the messages whose
   * hash begins alike, so that a new message changes one of them.
   */
  async *texts(): AsyncGenerator<{ readonly sha: string; readonly text: string }> {
    const all = [...this.#bySha].sort(([a], [b]) => (a < b ? -1 : 1));
    const bytes = all.reduce((sum, [, { length }]) => sum + length, 0);
    const digits = Math.min(hexDigitsMax, Math.ceil(Math.log(Math.max(1, bytes / objectBytesMax)) / Math.log(16)));
    const reader = new SpoolReader(await this.#spool.flush());
    try {
      for (const [, group] of Map.groupBy(all, ([sha]) => sha.slice(0, digits))) {
        const text = group.map(([sha, message]) => line(sha, message, reader)).join('');
        yield { sha: createHash('sha256').update(text).digest('hex'), text };
      }
    } finally {
      reader.close();
    }
  }
}

function line(sha: string, { reason, position, length }: Unplaced, reader: SpoolReader): string {
  const bytes = Buffer.alloc(length);
  reader.copy(position, length, bytes, 0);
  return quarantineLine(sha, reason, bytes);
}

/** A line of a file in quarantine. */
export function quarantineLine(sha: string, reason: string, bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  const text = buffer.toString('utf8');
  const payload = Buffer.from(text).equals(buffer) ? { payload: text } : { payload_base64: buffer.toString('base64') };
  return `${JSON.stringify({ reason, payload_sha256: sha, ...payload })}\n`;
}
