import * as v from 'valibot';
import type { Unsearched } from '../../archive/ledger.ts';
import { UserError } from '../../errors.ts';
import { names } from '../../format.ts';
import type { MessageShape } from '../../messages/message.ts';
import type { Log } from '../ports.ts';
import { type Cluster, Forbidden, Refused } from './cluster.ts';
import { type Capabilities, capabilities, type Fields, fieldName, fieldsInQuestion, readFields } from './fields.ts';
import {
  type Fidelity,
  fidelityOf,
  isLeftOut,
  type SettingsByIndex,
  type SourcesByIndex,
  settingsByIndex,
  settingsParameters,
  settingsPath,
  shardsOf,
  sourcesByIndex,
  sourcesParameters,
  sourcesPath,
  unsearchedOf,
} from './indices.ts';
import type { Json } from './query.ts';

/** What is known of the indices before anything is read. */
export interface Prepared {
  readonly fields: Fields;
  /** The `_source` of a search that wants whole messages. */
  readonly whole: Json;
  /** Absent where Elasticsearch does not say which indices there are. */
  readonly coverage: Coverage | undefined;
}

/** What of the indices that an expression covers is searched. */
export interface Coverage {
  readonly searched: readonly string[];
  /** How many shards they have. */
  readonly shards: number;
  readonly unsearched: readonly Unsearched[];
}

/** Asks what the indices of an expression are, and refuses those that would not give messages back as they came. */
export class LookUp {
  readonly #cluster: Cluster;
  readonly #index: string;
  readonly #shape: MessageShape;
  readonly #log: Pick<Log, 'warning'>;

  constructor(cluster: Cluster, index: string, shape: MessageShape, log: Pick<Log, 'warning'>) {
    this.#cluster = cluster;
    this.#index = index;
    this.#shape = shape;
    this.#log = log;
  }

  /**
   * @param assertEmpty throws where an index, which does not know the timestamp, holds messages
   * @throws UserError where the messages cannot be read as they are
   */
  async prepare(assertEmpty: (index: string, fields: Fields) => Promise<void>): Promise<Prepared> {
    const known = await this.#capabilities();
    const coverage = await this.#coverage(known.indices);
    const fields = readFields(known, this.#shape, this.#where);
    for (const unmapped of fields.withoutTimestamp) await assertEmpty(unmapped, fields);
    if (fields.status === undefined)
      this.#log.warning(
        `Elasticsearch cannot tell the statuses of alerts in ${this.#where}: every message is read whole, the open ones too; map the status as keyword to read less.`,
      );
    return { fields, whole: await this.#wholeSource(), coverage };
  }

  /** Of the indices that are searched, those that the key may not read: Elasticsearch leaves them out without a word. */
  async unreadable({ searched }: Coverage): Promise<Unsearched[]> {
    const found: Unsearched[] = [];
    for (const index of searched) {
      const path = `/${encodeURIComponent(index)}/_search`;
      const isForbidden = await this.#cluster.json({ method: 'POST', path, body: '{"size":0}' }, v.object({})).then(
        () => false,
        (error: unknown) => error instanceof Forbidden,
      );
      if (isForbidden) found.push({ index, why: 'unreadable' });
    }
    return found;
  }

  get #where(): string {
    return `${this.#index} at ${this.#cluster.url}`;
  }

  #path(what: string): string {
    return `/${encodeURIComponent(this.#index)}/${what}`;
  }

  async #capabilities(): Promise<Capabilities> {
    const fields = fieldsInQuestion(this.#shape).join(',');
    const parameters = { fields, include_unmapped: 'true', ignore_unavailable: 'false', allow_no_indices: 'false' };
    const request = { method: 'GET', path: this.#path('_field_caps'), parameters } as const;
    const answer = await this.#cluster.json(request, capabilities);
    if (answer.failed_indices === 0) return answer;
    throw new UserError(
      `Elasticsearch at ${this.#cluster.url} cannot tell the fields of ${answer.failed_indices} of the indices of ${this.#index}: see whether it is well, then run again.`,
    );
  }

  /** @param known the indices whose fields are known */
  async #coverage(known: readonly string[]): Promise<Coverage | undefined> {
    const metadata = await this.#metadata();
    if (metadata === undefined) return undefined;
    const { all, sources } = metadata;
    const isSuspect = unsearchedOf(all, known).length > 0;
    // An index may have been made since the fields were asked for.
    const searched = isSuspect ? [...new Set([...known, ...(await this.#capabilities()).indices])] : known;
    const unsearched = unsearchedOf(all, searched);
    const isUnsearched = new Set(unsearched.map(({ index }) => index));
    const indices = searched.filter((index) => !isUnsearched.has(index));
    this.#assertFaithful(fidelityOf(all, sources, indices));
    return { searched: indices, shards: shardsOf(all, indices), unsearched };
  }

  /** Auxiliary requests: what is refused ends nothing. */
  async #metadata(): Promise<{ all: SettingsByIndex; sources: SourcesByIndex } | undefined> {
    const get = (path: string, parameters: Readonly<Record<string, string>>) =>
      ({ method: 'GET', path: this.#path(path), parameters }) as const;
    try {
      return {
        all: await this.#cluster.json(get(settingsPath, settingsParameters), settingsByIndex),
        sources: await this.#cluster.json(get(sourcesPath, sourcesParameters), sourcesByIndex),
      };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#log.warning(
        `Elasticsearch at ${this.#cluster.url} does not say which indices ${this.#index} covers, so completeness rests on the pattern as the key sees it: closed and hidden indices, and fields that an index leaves out of messages, go unnoticed. Give the key the privilege view_index_metadata. (${error.message})`,
      );
      return undefined;
    }
  }

  #assertFaithful({ synthetic, disabled, filtered }: Fidelity): void {
    const among = (indices: readonly string[]) => `in ${names(indices)} at ${this.#cluster.url}`;
    const leave = 'or leave it out of elasticsearch-index (`messages-*,-that-index`)';
    if (synthetic.length > 0)
      throw new UserError(
        `Elasticsearch rebuilds messages from their fields (synthetic _source) ${among(synthetic)}, which loses the alert that a status belongs to: reindex with index.mapping.source.mode: stored, ${leave}.`,
      );
    if (disabled.length > 0)
      throw new UserError(
        `Elasticsearch keeps no messages ${among(disabled)}: map its indices with _source enabled, ${leave}.`,
      );
    const { id, timestamp, alerts, alertStatus } = this.#shape;
    const needed = [fieldName(id), fieldName(timestamp), fieldName([...alerts, ...alertStatus])];
    for (const { index, includes, excludes } of filtered) {
      const lacking = needed.find((name) => isLeftOut(name, includes, excludes));
      if (lacking !== undefined)
        throw new UserError(
          `Elasticsearch leaves the field "${lacking}" out of messages ${among([index])} (_source.includes or _source.excludes): reindex with the whole _source, ${leave}.`,
        );
    }
    if (filtered.length === 0) return;
    const told = filtered.map(({ index, includes, excludes }) => {
      const what = [
        ...(excludes.length > 0 ? [`without ${excludes.join(', ')}`] : []),
        ...(includes.length > 0 ? [`only ${includes.join(', ')}`] : []),
      ];
      return `${index} (${what.join('; ')})`;
    });
    this.#log.warning(
      `Elasticsearch leaves fields out of messages ${among(told)}: they are archived without these fields, which the indices no longer have.`,
    );
  }

  /** Newer servers leave vectors out of messages unless they are told not to; older ones do not know the word. */
  async #wholeSource(): Promise<Json> {
    const source = '{"exclude_vectors":false}';
    const body = `{"size":0,"_source":${source}}`;
    try {
      await this.#cluster.json({ method: 'POST', path: this.#path('_search'), body }, v.object({}));
      return source;
    } catch (error) {
      if (error instanceof Refused) return 'true';
      throw error;
    }
  }
}
