import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceOptions } from '../../demo/source/options.ts';
import { type Source, startSource } from '../../demo/source/server.ts';
import { compare, expectation, type Observation as Look } from '../../demo/truth.ts';
import { inputDefaults } from '../../src/inputs/defaults.ts';
import { Bundle, type Inputs, type Run } from './bundle.ts';
import { Cloud } from './cloud.ts';
import { endpoints } from './endpoints.ts';
import { elasticsearches } from './engines.ts';
import { type Access, actionsOfAll, dynamoAccesses, isAllowed, policyOf, s3Accesses } from './iam.ts';
import { writeMails } from './mails.ts';
import { type ReadRow, readBack } from './read-back.ts';
import { Relay } from './relay.ts';
import { SearchedMessages, type Shown, shownBy } from './shown.ts';

const lifeMsMax = 300_000;
const layout = { windowDays: 60, partitionBy: 'month' } as const;
const recentDays = 60;
const from = '2022-01-01T00:00:00Z';
const instants = ['2023-03-01T00:00:00Z', '2023-03-08T00:00:00Z', '2024-03-08T00:00:00Z'] as const;
const [firstRun, , yearLater] = instants;
const summer = '2023-08-01T00:00:00Z';

let folder: string;
let bundle: Bundle;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'message-archive-whole-'));
  bundle = await Bundle.build(folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The options of the source, and the start of the archive's range. */
type Options = SourceOptions & { readonly from: string };

/** A look, with the texts of all messages that it showed. */
type Seen = Omit<Look, 'truth'> & { readonly truth: readonly Shown[] };

/** A source that is asked through its API and through Elasticsearch, and an archive of it on S3 and DynamoDB. */
class Rehearsal {
  readonly cloud: Cloud;
  readonly s3: Relay;
  readonly dynamodb: Relay;
  readonly looks: Seen[] = [];
  readonly #options: Options;
  readonly #source: Source;
  readonly #searched: SearchedMessages;
  readonly #inputs: Inputs;

  private constructor(
    options: Options,
    source: Source,
    cloud: Cloud,
    [s3, dynamodb]: [Relay, Relay],
    elasticsearch: string,
  ) {
    this.cloud = cloud;
    this.s3 = s3;
    this.dynamodb = dynamodb;
    this.#options = options;
    this.#source = source;
    this.#searched = new SearchedMessages(elasticsearch);
    this.#inputs = {
      ...cloud.inputs,
      from: options.from,
      'api-url': source.url,
      'api-token': source.token,
      'elasticsearch-url': elasticsearch,
      'elasticsearch-index': this.#searched.alias,
      concurrency: '1',
    };
  }

  static async begin(options: Options, elasticsearch: string): Promise<Rehearsal> {
    const { s3, moto } = endpoints();
    const relays: [Relay, Relay] = [await Relay.start(s3.endpoint), await Relay.start(moto)];
    return new Rehearsal(options, await startSource(options), await Cloud.make(), relays, elasticsearch);
  }

  /** Runs at an instant, with the messages of that instant in Elasticsearch. */
  async run(asOf: string, how: 'matrix' | 'single'): Promise<Run> {
    const truth = shownBy(this.#options, Date.parse(asOf));
    await this.#searched.publish(truth);
    const done = await bundle[how](this.#inputsAt(asOf), this.#variables);
    const read = done.plan.slots.filter(([, action]) => action === 'read').map(([slot]) => slot);
    this.looks.push({ at: Date.parse(asOf), read: new Set(read), truth });
    return done;
  }

  verify(asOf: string): Promise<Readonly<Record<string, string>>> {
    return bundle.done({ ...this.#inputsAt(asOf), command: 'verify' }, this.#variables);
  }

  /** The archive's rows, and how they compare with what the source showed at the runs. */
  async judge() {
    const copy = await mkdtemp(join(folder, 'copy-'));
    await this.cloud.download(copy);
    const rows = await readBack(copy);
    const expected = expectation(this.looks, layout, recentDays);
    const { messages, older, ...faults } = compare(expected, rows);
    return { rows, messages, faults, unnoticed: expected.unnoticed };
  }

  /** The ids of rows whose payload and timestamp are not, byte for byte, those of a closed message at one of the runs. */
  unlike(rows: readonly ReadRow[]): string[] {
    const closed = Map.groupBy(
      this.looks.flatMap(({ truth }) => truth.filter(({ state }) => state === 'closed')),
      ({ id }) => id,
    );
    const isServed = ({ id, payload, timestamp }: ReadRow) =>
      closed.get(id)?.some((shown) => shown.text.equals(payload) && shown.timestamp === timestamp);
    return rows.filter((row) => !isServed(row)).map(({ id }) => id);
  }

  async end(): Promise<void> {
    await Promise.all([this.#source.close(), this.#searched.removeAll(), this.s3.close(), this.dynamodb.close()]);
    this.cloud.close();
  }

  get #variables(): Record<string, string> {
    const { s3 } = endpoints();
    return Cloud.variables({ s3: { ...s3, endpoint: this.s3.url }, moto: this.dynamodb.url });
  }

  #inputsAt(asOf: string): Inputs {
    return { ...this.#inputs, 'as-of': asOf, 'api-query': `${inputDefaults['api-query']}&as_of=${asOf}` };
  }
}

const none = { missing: [], extra: [], twice: [], damaged: [], foreign: [] };

describe.concurrent.each(elasticsearches())('with $name for history and the API for 60 days', ({ url }) => {
  describe('over a year', () => {
    const options = {
      seed: 6,
      from,
      to: yearLater,
      messages: 400,
      oddities: 4,
      deletions: 0,
      textBytesMax: 0,
      messageBytes: [2_000, 4_000],
    } as const;
    let rehearsal: Rehearsal;
    let runs: Run[];
    let before: Map<string, string>;

    beforeAll(async () => {
      rehearsal = await Rehearsal.begin(options, url);
      runs = [];
      for (const asOf of instants) runs.push(await rehearsal.run(asOf, 'matrix'));
      before = await rehearsal.cloud.objects();
      runs.push(await rehearsal.run(yearLater, 'single'));
    }, lifeMsMax);

    afterAll(() => rehearsal?.end());

    it('is complete after every run', () => {
      expect(runs.map(({ report }) => report.complete)).toEqual(['true', 'true', 'true', 'true']);
    });

    it('holds each message that was closed once, and no other, with the bytes that the source sent', async () => {
      const { rows, messages, faults, unnoticed } = await rehearsal.judge();
      expect({ ...faults, unnoticed, unlike: rehearsal.unlike(rows) }).toEqual({ ...none, unnoticed: 0, unlike: [] });
      expect(rows).toHaveLength(messages);
      expect(messages).toBeGreaterThan(250);
      expect(new Set(rows.map(({ source }) => source))).toEqual(new Set(['api', 'elasticsearch']));
    });

    it('passes verify', async () => {
      expect(await rehearsal.verify(yearLater)).toEqual({ complete: 'true' });
    });

    it('archived more with each run, for every reason that a plan has', () => {
      const archived = runs.map(({ legs }) => legs.reduce((sum, leg) => sum + Number(leg.archived), 0));
      expect(archived.slice(0, 3).every((count) => count > 0)).toBe(true);
      const reasons = new Set(runs.flatMap(({ plan }) => plan.slots.map(([, , reason]) => reason)));
      expect([...reasons].sort()).toEqual(['audit', 'live', 'new', 'no-longer-live', 'pending', 'scrub']);
    });

    it('writes no object when nothing has changed', async () => {
      expect(runs.at(-1)!.legs.map((leg) => leg['objects-written'])).toEqual(['0']);
      const slots = (all: Map<string, string>) => [...all].filter(([path]) => path.startsWith('month='));
      expect(slots(await rehearsal.cloud.objects())).toEqual(slots(before));
      expect(slots(before).length).toBeGreaterThan(26);
    });

    it('asks of S3 and DynamoDB what docs/iam-policy.json allows, and all of it', async () => {
      const text = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'iam-policy.json'), 'utf8');
      const policy = policyOf(text, rehearsal.cloud);
      const accesses: Access[] = [
        ...rehearsal.s3.requests.flatMap(s3Accesses),
        ...rehearsal.dynamodb.requests.flatMap(dynamoAccesses),
      ];
      expect(accesses.filter((access) => !isAllowed(access, policy))).toEqual([]);
      expect([...new Set(accesses.map(({ action }) => action))].sort()).toEqual(actionsOfAll(policy).sort());
    });
  });

  it(
    'keeps real mails of any encoding byte for byte',
    async () => {
      const mail = await writeMails(await mkdtemp(join(folder, 'mails-')).then((parent) => join(parent, 'mail')), 40);
      const options = { seed: 3, mail, from: '2022-10-01', to: firstRun, deletions: 0, oddities: 0 };
      const rehearsal = await Rehearsal.begin(options, url);
      try {
        await rehearsal.run(firstRun, 'single');
        await rehearsal.run(summer, 'single');
        const { rows, messages, faults } = await rehearsal.judge();
        expect({ ...faults, unlike: rehearsal.unlike(rows) }).toEqual({ ...none, unlike: [] });
        expect(rows).toHaveLength(messages);
        expect(messages).toBeGreaterThan(30);
        expect(await rehearsal.verify(summer)).toEqual({ complete: 'true' });
      } finally {
        await rehearsal.end();
      }
    },
    lifeMsMax,
  );
});
