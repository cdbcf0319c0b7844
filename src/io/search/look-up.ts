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
  isExcluded,
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

/** The metadata of the indices, which is looked up before anything is read. */
export interface Prepared {
  readonly fields: Fields;
  /** The `_source` of a search for whole messages. */
  readonly whole: Json;
  /** Undefined if the cluster does not disclose which indices exist. */
  readonly coverage: Coverage | undefined;
}

/** The indices that an expression covers, searched or not. */
export interface Coverage {
  readonly searched: readonly string[];
  /** The number of their shards. */
  readonly shards: number;
  readonly unsearched: readonly Unsearched[];
}

/** Looks up the indices of an expression, and rejects those that do not return messages unchanged. */
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
   * @param assertEmpty throws if an index that does not map the timestamp contains messages
   * @throws UserError if the messages cannot be read unchanged
   */
  async prepare(assertEmpty: (index: string, fields: Fields) => Promise<void>): Promise<Prepared> {
    const known = await this.#capabilities();
    const coverage = await this.#coverage(known.indices);
    const { name: product } = this.#cluster.product;
    const fields = this.#usable(readFields(known, this.#shape, { product, where: this.#where }));
    for (const unmapped of fields.withoutTimestamp) await assertEmpty(unmapped, fields);
    if (fields.status === undefined)
      this.#log.warning(
        `${product} cannot search by the status of alerts in ${this.#where}: open messages are also read in full. Map the status as keyword to read less.`,
      );
    return { fields, whole: await this.#wholeSource(), coverage };
  }

  /** The fields that queries of this product can use. */
  #usable(fields: Fields): Fields {
    const { status } = fields;
    const isMixed = status !== undefined && status.nested.length > 0 && status.isPlain;
    return isMixed && !this.#cluster.product.nestsWherePlain ? { ...fields, status: undefined } : fields;
  }

  /** The searched indices that the credentials may not read: a search of a pattern skips them without an error. */
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
    const response = await this.#cluster.json(request, capabilities);
    if (response.failed_indices === 0) return response;
    throw new UserError(
      'source-refused',
      `${this.#cluster.place} could not determine the fields of ${response.failed_indices} of the indices of ${this.#index}: check that the cluster is up, then re-run.`,
    );
  }

  /** @param known the indices in the field capabilities */
  async #coverage(known: readonly string[]): Promise<Coverage | undefined> {
    const metadata = await this.#metadata();
    if (metadata === undefined) return undefined;
    const { all, sources } = metadata;
    const isSuspect = unsearchedOf(all, known).length > 0;
    // An index may have been created since the fields were requested.
    const searched = isSuspect ? [...new Set([...known, ...(await this.#capabilities()).indices])] : known;
    const unsearched = unsearchedOf(all, searched);
    const isUnsearched = new Set(unsearched.map(({ index }) => index));
    const indices = searched.filter((index) => !isUnsearched.has(index));
    this.#assertFaithful(fidelityOf(all, sources, indices));
    return { searched: indices, shards: shardsOf(all, indices), unsearched };
  }

  /** Returns undefined if one of the requests fails: they are auxiliary. */
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
        `${this.#cluster.place} does not disclose which indices ${this.#index} covers, so closed and hidden indices, and fields that an index removes from messages, go unnoticed. Grant access to the settings and mappings of the indices. (${error.message})`,
      );
      return undefined;
    }
  }

  #assertFaithful({ synthetic, disabled, filtered }: Fidelity): void {
    const among = (indices: readonly string[]) => `in ${names(indices)} at ${this.#cluster.url}`;
    const exclude = `or exclude it in ${this.#cluster.input('index')} (\`messages-*,-that-index\`)`;
    const { name: product } = this.#cluster.product;
    if (synthetic.length > 0)
      throw new UserError(
        'source-index-invalid',
        `${product} rebuilds messages from their fields (synthetic _source) ${among(synthetic)}, which separates a status from its alert: reindex with index.mapping.source.mode: stored, ${exclude}.`,
      );
    if (disabled.length > 0)
      throw new UserError(
        'source-index-invalid',
        `${product} does not store messages ${among(disabled)}: map its indices with _source enabled, ${exclude}.`,
      );
    const { id, timestamp, alerts, alertStatus } = this.#shape;
    const needed = [fieldName(id), fieldName(timestamp), fieldName([...alerts, ...alertStatus])];
    for (const { index, includes, excludes } of filtered) {
      const lacking = needed.find((name) => isExcluded(name, includes, excludes));
      if (lacking !== undefined)
        throw new UserError(
          'source-index-invalid',
          `${product} removes the field "${lacking}" from messages ${among([index])} (_source.includes or _source.excludes): reindex with the whole _source, ${exclude}.`,
        );
    }
    if (filtered.length === 0) return;
    const described = filtered.map(({ index, includes, excludes }) => {
      const parts = [
        ...(excludes.length > 0 ? [`without ${excludes.join(', ')}`] : []),
        ...(includes.length > 0 ? [`only ${includes.join(', ')}`] : []),
      ];
      return `${index} (${parts.join('; ')})`;
    });
    this.#log.warning(
      `${product} removes fields from messages ${among(described)}: they are archived without these fields, which the indices no longer have.`,
    );
  }

  /** Newer releases of Elasticsearch remove vectors from messages by default; other servers reject the option. */
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
