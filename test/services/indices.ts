import { randomUUID } from 'node:crypto';
import type { Held } from '../support/model-source.ts';

/** The size of one bulk request; servers accept 100 MB. */
const bulkCharsMax = 20_000_000;

/** The mapping, or another part of the body, of a new index. */
export type IndexBody = Readonly<Record<string, unknown>>;

/** Creates indices with unique names, and removes them afterwards. */
export class Indices {
  readonly url: string;
  readonly #made: string[] = [];

  constructor(url: string) {
    this.url = url;
  }

  /** Creates an index with these mapped properties and documents; returns its name. */
  async make(properties: IndexBody, documents: readonly Held[] = [], more: IndexBody = {}): Promise<string> {
    return this.makeNamed(this.newName(), properties, documents, more);
  }

  /** Creates an index with this name, as {@link make}. */
  async makeNamed(index: string, properties: IndexBody, documents: readonly Held[] = [], more: IndexBody = {}) {
    const { mappings = {}, ...body } = more as { mappings?: IndexBody };
    this.note(index);
    const settings = {
      number_of_shards: 1,
      number_of_replicas: 0,
      refresh_interval: '-1',
      'translog.durability': 'async',
    };
    await this.ask('PUT', `/${index}`, { settings, ...body, mappings: { properties, ...mappings } });
    await this.fill(index, documents);
    return index;
  }

  newName(): string {
    return this.note(`m-${randomUUID()}`);
  }

  /** A prefix for the names of indices that one pattern covers. */
  newPrefix(): string {
    return `m-${randomUUID()}-`;
  }

  /** Registers an index that is removed with the others. */
  note(index: string): string {
    this.#made.push(index);
    return index;
  }

  /** Adds documents with their JSON text unchanged. */
  async fill(index: string, documents: readonly Held[]): Promise<void> {
    let text = '';
    for (const { json } of documents) {
      text += `{"create":{}}\n${json}\n`;
      if (text.length < bulkCharsMax) continue;
      await this.#bulk(index, text);
      text = '';
    }
    if (text !== '') await this.#bulk(index, text);
    await this.ask('POST', `/${index}/_refresh`);
  }

  async alias(...indices: string[]): Promise<string> {
    const alias = `a-${randomUUID()}`;
    await this.ask('POST', '/_aliases', { actions: [{ add: { indices, alias } }] });
    return alias;
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests know the members of a response
  async ask(method: string, path: string, body?: unknown): Promise<any> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': typeof body === 'string' ? 'application/x-ndjson' : 'application/json' },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  async removeAll(): Promise<void> {
    for (const index of this.#made.splice(0)) await this.ask('DELETE', `/${index}?ignore_unavailable=true`);
  }
  async #bulk(index: string, text: string): Promise<void> {
    const { errors, items } = await this.ask('POST', `/${index}/_bulk`, text);
    if (errors)
      throw new Error(JSON.stringify(items.find(({ create }: { create: { error?: unknown } }) => create.error)));
  }
}
