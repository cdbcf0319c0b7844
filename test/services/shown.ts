import { hash, randomUUID } from 'node:crypto';
import { bytesMaxOf, writeParts } from '../../demo/source/encode.ts';
import { isVisible, stateAt } from '../../demo/source/life.ts';
import { ALWAYS, Messages } from '../../demo/source/messages.ts';
import { readOptions, type SourceOptions } from '../../demo/source/options.ts';
import type { SourceTruth } from '../../demo/source-process.ts';
import { Indices } from './indices.ts';

/** A message as a source shows it, with its JSON text. */
export interface Shown extends SourceTruth {
  readonly text: Buffer;
}

const keyword = { type: 'keyword' };
const properties = {
  message_id: keyword,
  timestamp: { type: 'date', ignore_malformed: true },
  alerts: { type: 'nested', properties: { alert_id: keyword, status: keyword } },
};

/** All that a source with these options shows as of an instant, in ms since 1970. */
export function shownBy(options: SourceOptions, asOf: number): Shown[] {
  const messages = new Messages(readOptions(options));
  try {
    return [...messages.inOrder(ALWAYS)]
      .map((index) => ({ index, life: messages.life(index) }))
      .filter(({ life }) => isVisible(life, asOf))
      .map(({ index, life }) => {
        const text = textOf(messages, index, asOf);
        return {
          id: messages.servedId(index),
          timestamp: messages.timeline.at(index),
          state: stateAt(life, asOf),
          sha256: hash('sha256', text),
          text,
        };
      });
  } finally {
    messages.close();
  }
}

function textOf(messages: Messages, index: number, asOf: number): Buffer {
  const parts = messages.text(index, asOf);
  const bytes = Buffer.alloc(bytesMaxOf(parts));
  return bytes.subarray(0, writeParts(parts, bytes, 0));
}

/** An alias in Elasticsearch under which messages are found; each publication is an index of its own. */
export class SearchedMessages {
  readonly alias = `whole-${randomUUID()}`;
  readonly #indices: Indices;
  #current: string | undefined;

  constructor(url: string) {
    this.#indices = new Indices(url);
  }

  /** Has the alias hold these messages, byte for byte, and no others; what is no message is left out. */
  async publish(messages: readonly Shown[]): Promise<void> {
    const index = await this.#indices.make(properties, [], { mappings: { dynamic: false } });
    const texts = messages.filter(({ state }) => state !== 'invalid').map(({ text }) => text);
    // A bulk request takes a document for a line.
    const [lines, others] = [texts.filter((text) => !text.includes('\n')), texts.filter((text) => text.includes('\n'))];
    for (const text of others) await this.#putWhole(index, text);
    await this.#indices.fill(
      index,
      lines.map((text) => ({ id: '', at: 0, json: text.toString() })),
    );
    const remove = this.#current === undefined ? [] : [{ remove: { index: this.#current, alias: this.alias } }];
    await this.#indices.ask('POST', '/_aliases', { actions: [...remove, { add: { index, alias: this.alias } }] });
    this.#current = index;
  }

  /** The alias goes with its index. */
  removeAll(): Promise<void> {
    return this.#indices.removeAll();
  }

  async #putWhole(index: string, text: Buffer): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const url = `${this.#indices.url}/${index}/_doc`;
    const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(text) });
    if (!response.ok)
      throw new Error(`A message of several lines was rejected: ${response.status} ${await response.text()}`);
  }
}
