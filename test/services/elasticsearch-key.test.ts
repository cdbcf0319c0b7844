import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ElasticsearchSource } from '../../src/io/elasticsearch/source.ts';
import { BufferPool } from '../../src/memory/buffer-pool.ts';
import { type Interval, instant } from '../../src/windows/interval.ts';
import { TestClock } from '../support/clock.ts';
import { runAll } from '../support/embedded.ts';
import { failureOf } from '../support/failure.ts';
import { plainShape } from '../support/messages.ts';
import { tell } from '../support/model-source.ts';
import { useEmbedded } from '../support/use-embedded.ts';
import { elasticsearches } from './endpoints.ts';
import { Indices } from './indices.ts';
import { type FateOf, relayTo } from './relay.ts';
import { searchRefused } from './searches.ts';

const june: Interval = { start: Date.parse('2024-06-01'), end: Date.parse('2024-07-01') };
const apiKey = 'a-key-that-nobody-may-see';
const { newParts, scan } = useEmbedded(Date.parse('2024-09-15'));

const unknown = searchRefused(401, 'security_exception', 'unable to authenticate with provided credentials');
const unauthorized = searchRefused(403, 'security_exception', 'action [indices:data/read/field_caps] is unauthorized');

/** Before a server without security: what only those pass who have the key. */
const guarded: FateOf = ({ headers }) => (headers.authorization === `ApiKey ${apiKey}` ? undefined : unknown);

describe.each(elasticsearches())('$name behind a key', ({ url }) => {
  const indices = new Indices(url);
  let index = '';
  beforeAll(async () => {
    const held = Array.from({ length: 300 }, (_, n) =>
      tell({ id: `m${n}`, at: june.start + n, statuses: ['closed'], text: '' }),
    );
    index = await indices.make({ timestamp: { type: 'date' } }, held);
  });
  afterAll(() => indices.removeAll());

  async function sourceBehind(fateOf: FateOf, key: string | undefined) {
    const relay = await relayTo(url, fateOf);
    const log = { line: () => undefined, warning: () => undefined };
    const settings = { url: relay.url, index, apiKey: key };
    const source = new ElasticsearchSource(settings, plainShape, scan(), new BufferPool(0), new TestClock(), log);
    onTestFinished(() => source.close());
    return { source, relay };
  }

  it('is read with it', async () => {
    const { source } = await sourceBehind(guarded, apiKey);
    const { parts } = await newParts();
    const { report, tally } = await runAll(parts, source, june);
    expect([report.isComplete, tally.done.reduce((sum, { added }) => sum + added, 0)]).toEqual([true, 300]);
  });

  it.each<[string, FateOf, string | undefined, string]>([
    ['another key is not accepted', guarded, 'another', 'does not accept the key; see elasticsearch-api-key.'],
    ['one is wanted', guarded, undefined, 'it wants a key; give one in elasticsearch-api-key.'],
    [
      'the key may not read the index',
      () => unauthorized,
      apiKey,
      'give the key of elasticsearch-api-key the privileges read and view_index_metadata on it.',
    ],
  ])('says in one sentence that %s, at once', async (_, fateOf, key, sentence) => {
    const { source, relay } = await sourceBehind(fateOf, key);
    const said = await failureOf(source.read(june, 0, async () => undefined));
    expect(said).toContain(`Elasticsearch at ${relay.url} answers 40`);
    expect(said).toContain(sentence);
    expect(said).not.toContain(apiKey);
    expect(relay.requests.length).toBe(1);
  });

  it('archives nothing where the key is withdrawn in mid-reading, and all when it is back', async () => {
    let pages = 0;
    let isWithdrawn = true;
    const { source } = await sourceBehind(({ body }) => {
      pages += body.includes('"_shard_doc"') ? 1 : 0;
      return isWithdrawn && pages > 1 ? unknown : undefined;
    }, apiKey);
    const { parts, clock } = await newParts();
    const { report, tally } = await runAll(parts, source, june);
    expect(report.isComplete).toBe(false);
    expect(tally.failed.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('does not accept the key'),
    );
    expect(await parts.archive.list()).toEqual([]);
    isWithdrawn = false;
    clock.now += 1;
    expect((await runAll(parts, source, june)).report.isComplete).toBe(true);
    const { ledger } = await parts.staging.state();
    expect(ledger.reduce((sum, { rows }) => sum + rows, 0)).toBe(300);
    expect(ledger.every(({ read_at }) => read_at === instant(clock.now))).toBe(true);
  });
});
