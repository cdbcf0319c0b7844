import { afterAll, describe, expect, it } from 'vitest';
import { Case, june, message } from '../cases/support/run.ts';
import { filesBelow } from '../support/embedded.ts';
import type { Held } from '../support/model-source.ts';
import { inputsOf, searchEngines } from './engines.ts';
import { type IndexBody, Indices } from './indices.ts';

const date = { timestamp: { type: 'date' } };
const lenient = { timestamp: { type: 'date', ignore_malformed: true } };

const held = (messages: readonly object[]): Held[] =>
  messages.map((each) => ({ id: '', at: 0, json: JSON.stringify(each) }));
const idsOf = (messages: readonly { readonly message_id: string }[]) => messages.map(({ message_id }) => message_id);

describe.each(searchEngines())('$name', (engine) => {
  const { url, product, prefix } = engine;
  const indices = new Indices(url);
  afterAll(() => indices.removeAll());

  const caseOf = (index: string, inputs: Readonly<Record<string, string>> = {}) =>
    Case.make({
      ...inputsOf(engine, url, index),
      'api-token': '',
      'api-page-size': '',
      ...inputs,
    });

  async function made(name: string, messages: readonly object[], body: IndexBody = {}, properties: IndexBody = date) {
    const index = await indices.makeNamed(name, properties, held(messages), body);
    return index;
  }

  describe('case 3: an index that the pattern covers and searches do not reach makes the run incomplete, by name', () => {
    const [one, two] = [june(10, 'a'), june(10, 'b')];

    it('a closed one, until it is opened', async () => {
      const names = indices.newPrefix();
      await made(`${names}open`, one);
      const closed = await made(`${names}old`, two);
      await indices.ask('POST', `/${closed}/_close`);
      const run = await caseOf(`${names}*`);

      const first = await run.run();
      expect(first).toMatchObject({ code: 1, outputs: { archived: '10', complete: 'false' } });
      expect(first.log).toContain(`covers an index that is not searched: ${closed} (closed)`);
      expect(first.summary).toContain('covers an index that is not searched');
      expect(first.summary).toContain(closed);
      expect(await run.archivedIds()).toEqual(idsOf(one));

      expect(await run.run({ [`${prefix}-index`]: `${names}*,-${closed}` })).toMatchObject({
        code: 0,
        outputs: { complete: 'true' },
      });

      await indices.ask('POST', `/${closed}/_open?wait_for_active_shards=1`);
      expect(await run.run()).toMatchObject({ code: 0, outputs: { archived: '10', complete: 'true' } });
      expect(await run.archivedIds()).toEqual(idsOf([...one, ...two]));
    });

    it('a hidden one', async () => {
      const names = indices.newPrefix();
      await made(`${names}open`, one);
      const hidden = await made(`${names}old`, two, { settings: { 'index.hidden': true, number_of_replicas: 0 } });
      const run = await caseOf(`${names}*`);
      const first = await run.run();
      expect(first).toMatchObject({ code: 1, outputs: { archived: '10', complete: 'false' } });
      expect(first.log).toContain(`${hidden} (hidden)`);
      expect(await run.run({ [`${prefix}-index`]: `${names}*,${hidden}` })).toMatchObject({
        code: 0,
        outputs: { archived: '10', complete: 'true' },
      });
    });

    it('a closed one of an alias that a pattern matches; the alias itself is rejected', async () => {
      const names = indices.newPrefix();
      const open = await made(`${names}open`, one);
      const closed = await made(`${names}old`, two);
      const alias = await indices.alias(open, closed);
      await indices.ask('POST', `/${closed}/_close`);
      const run = await caseOf(`${alias}*`);
      expect((await run.run()).log).toContain(`${closed} (closed)`);
      const named = await run.run({ [`${prefix}-index`]: alias });
      expect(named).toMatchObject({ code: 2, outputs: { complete: 'false' } });
      expect(named.log).toContain('has a closed index in');
    });

    it('a closed one of a data stream that a pattern matches', async () => {
      const stream = `s-${crypto.randomUUID()}`;
      await indices.ask('PUT', `/_index_template/${stream}`, {
        index_patterns: [stream],
        data_stream: {},
        priority: 500,
        template: {
          settings: { number_of_replicas: 0 },
          mappings: { properties: { message_id: { type: 'keyword' } } },
        },
      });
      const stamped = one.map(({ timestamp, ...rest }) => ({ '@timestamp': timestamp, ...rest }));
      await indices.fill(stream, held(stamped.slice(0, 4)));
      await indices.ask('POST', `/${stream}/_rollover`);
      await indices.fill(stream, held(stamped.slice(4)));
      const run = await caseOf(`${stream.slice(0, -1)}*`, { 'message-timestamp': '/@timestamp' });
      expect(await run.run()).toMatchObject({ code: 0, outputs: { archived: '10', complete: 'true' } });
      const backing = Object.keys(await indices.ask('GET', `/${stream}/_settings`)).sort()[0]!;
      await indices.ask('POST', `/${backing}/_close`);
      const second = await run.run();
      expect(second).toMatchObject({ code: 1, outputs: { complete: 'false' } });
      expect(second.log).toContain(`${backing} (closed)`);
      await indices.ask('POST', `/${backing}/_open`);
    });

    it('also in a dry run, which writes nothing', async () => {
      const names = indices.newPrefix();
      await made(`${names}open`, one);
      const closed = await made(`${names}old`, two);
      await indices.ask('POST', `/${closed}/_close`);
      const run = await caseOf(`${names}*`, { 'dry-run': 'true' });
      const { code, log } = await run.run();
      expect(code).toBe(0);
      expect(log).toContain(`${closed} (closed)`);
      expect(await filesBelow(run.folder).then((files) => files.filter((file) => !file.startsWith('run-')))).toEqual(
        [],
      );
    });
  });

  describe('case 5: a message without a readable timestamp is quarantined with its reason, and counted', () => {
    const timeless = [
      { ...message('none', ''), timestamp: undefined },
      { ...message('null', ''), timestamp: null },
      message('yesterday', 'gestern'),
    ];

    it('once, until it has a timestamp', async () => {
      const index = await made(indices.newName(), [...june(25), ...timeless], {}, lenient);
      const run = await caseOf(index);
      const first = await run.run();
      expect(first).toMatchObject({ code: 0, outputs: { archived: '25', complete: 'true' } });
      expect(first.log).toContain('3 messages of');
      expect(first.log).toMatch(/missing timestamp: 2, timestamp cannot be parsed: 1/);
      expect(first.summary).toContain(
        '**3 in no slot**, in quarantine: missing timestamp (2), timestamp cannot be parsed (1)',
      );
      const quarantined = await run.quarantined();
      expect(quarantined.map(({ reason, payload }) => [JSON.parse(String(payload)).message_id, reason]).sort()).toEqual(
        [
          ['none', 'missing timestamp'],
          ['null', 'missing timestamp'],
          ['yesterday', 'timestamp cannot be parsed'],
        ],
      );
      expect((await run.ledger()).sources).toMatchObject([
        { source: prefix, unplaced: { count: 3, duplicates: 0 }, outside: 0, unsearched_count: 0 },
      ]);

      const objects = (files: readonly string[]) => files.filter((file) => /month=|_quarantine/.test(file));
      const before = objects(await filesBelow(run.folder));
      expect(before.filter((file) => file.includes('_quarantine')).length).toBe(1);
      const again = await run.run();
      expect(again).toMatchObject({ code: 0, outputs: { 'objects-written': '0', complete: 'true' } });
      expect(again.log).not.toContain('_quarantine/no-slot/');
      expect(objects(await filesBelow(run.folder))).toEqual(before);

      const query = { query: { term: { 'message_id.keyword': 'yesterday' } } };
      const { hits } = await indices.ask('POST', `/${index}/_search`, query);
      const timed = message('yesterday', '2024-06-12T00:00:00Z');
      await indices.ask('PUT', `/${index}/_doc/${hits.hits[0]._id}?refresh=true`, timed);
      expect(await run.run()).toMatchObject({ code: 0, outputs: { archived: '1', complete: 'true' } });
      expect(await run.archivedIds()).toContain('yesterday');
      expect((await run.ledger()).sources).toMatchObject([{ unplaced: { count: 2 } }]);
    });

    it('in a matrix, where the plan reads them', async () => {
      const index = await made(indices.newName(), [...june(5), ...timeless], {}, lenient);
      const run = await caseOf(index);
      const planned = await run.run({ command: 'plan' });
      expect(planned.code).toBe(0);
      expect(await run.quarantined()).toHaveLength(3);
      for (const leg of JSON.parse(planned.outputs.matrix!))
        expect((await run.run({ command: 'export', window: JSON.stringify(leg) })).code).toBe(0);
      const report = await run.run({ command: 'report', plan: planned.outputs.plan! });
      expect(report).toMatchObject({ code: 0, outputs: { complete: 'true' } });
      expect(report.summary).toContain(
        '**3 in no slot**, in quarantine: missing timestamp (2), timestamp cannot be parsed (1)',
      );
      expect((await run.run({ command: 'verify' })).code).toBe(0);
    });

    it('but belongs to its slot if only the index cannot read it', async () => {
      const millis = { timestamp: { type: 'date', format: 'epoch_millis', ignore_malformed: true } };
      const index = await made(
        indices.newName(),
        [message('m', '2024-06-10T10:00:00Z'), message('x', 'gestern')],
        {},
        millis,
      );
      const run = await caseOf(index);
      expect(await run.run()).toMatchObject({ code: 0, outputs: { archived: '1', complete: 'true' } });
      expect(await run.archivedIds()).toEqual(['m']);
      expect(await run.quarantined()).toHaveLength(1);
      await indices.fill(index, held([message('later', '2024-06-11T10:00:00Z')]));
      expect(await run.run()).toMatchObject({ code: 0, outputs: { archived: '1', complete: 'true' } });
      expect(await run.archivedIds()).toEqual(['later', 'm']);
    });

    it('and a run that finds nothing else fails', async () => {
      const index = await made(indices.newName(), timeless, {}, lenient);
      const run = await caseOf(index);
      const { code, outputs } = await run.run();
      expect([code, outputs.complete]).toEqual([1, 'false']);
      expect(await run.quarantined()).toHaveLength(3);
    });
  });

  describe('case 11: a message whose field lies in another slot than its own timestamp', () => {
    /** Reads 2024-05-06 as the 5th of June. */
    const dayFirst = { timestamp: { type: 'date', format: 'yyyy-dd-MM||strict_date_optional_time' } };

    it('is quarantined and named, and the others are archived', async () => {
      const messages = june(25);
      const index = await made(indices.newName(), [...messages, message('stray', '2024-05-06')], {}, dayFirst);
      const run = await caseOf(index);
      const { code, outputs, log } = await run.run();
      expect({ code, ...outputs }).toMatchObject({ code: 0, archived: '25', invalid: '1', complete: 'true' });
      expect(log).toContain('whose own timestamp lies in another slot, where no search finds it: "stray"');
      expect(await run.archivedIds()).toEqual(idsOf(messages));
      expect(await run.quarantined()).toMatchObject([{ reason: 'timestamp and indexed field are in different slots' }]);
    });

    it('is quarantined, too, if its field lies outside of the range', async () => {
      // Seconds since 1970, which the index reads as a day in January 1970.
      const seconds = { ...message('seconds', ''), timestamp: Date.UTC(2024, 5, 10) / 1000 };
      const index = await made(indices.newName(), [...june(25), seconds, message('old', '2019-01-01T00:00:00Z')]);
      const run = await caseOf(index);
      expect(await run.run()).toMatchObject({ code: 0, outputs: { archived: '25', complete: 'true' } });
      expect((await run.ledger()).sources).toMatchObject([{ outside: 2, unplaced: { count: 1 } }]);
      const [kept, ...others] = await run.quarantined();
      expect([JSON.parse(String(kept?.payload)), others]).toEqual([seconds, []]);
    });

    it('is an error if most messages are such', async () => {
      const index = await made(
        indices.newName(),
        june(25).map((each) => ({ ...each, timestamp: '2024-05-06' })),
        {},
        dayFirst,
      );
      const { code, log } = await (await caseOf(index)).run();
      expect(code).toBe(2);
      expect(log).toContain('differs from the timestamp in the message');
    });
  });

  describe('case 22: an index that does not return messages unchanged', () => {
    it.runIf(product === 'Elasticsearch').each<[string, IndexBody]>([
      ['by a setting', { settings: { 'index.mapping.source.mode': 'synthetic' } }],
      [
        'by its kind',
        { settings: { 'index.mode': 'logsdb' }, mappings: { properties: { '@timestamp': { type: 'date' } } } },
      ],
    ])('is rejected before reading if its _source is synthetic, %s', async (_, body) => {
      const names = indices.newPrefix();
      await made(`${names}plain`, june(10));
      const index = `${names}synthetic`;
      indices.note(index);
      await indices.ask('PUT', `/${index}`, body);
      const run = await caseOf(`${names}*`);
      const { code, log } = await run.run();
      expect(code).toBe(2);
      expect(log).toContain(`(synthetic _source) in "${index}"`);
      expect(await run.archivedIds()).toEqual([]);
      expect((await run.run({ [`${prefix}-index`]: `${names}*,-${index}` })).code).toBe(0);
    });

    it('is rejected if it stores none', async () => {
      const index = await made(indices.newName(), june(10), { mappings: { _source: { enabled: false } } });
      const { code, log } = await (await caseOf(index)).run();
      expect(code).toBe(2);
      expect(log).toContain(`${product} does not store messages in "${index}"`);
    });

    it('is named with the fields that it removes', async () => {
      const messages = june(10).map((each) => ({ ...each, body: 'x', note: 'y' }));
      const index = await made(indices.newName(), messages, { mappings: { _source: { excludes: ['body', 'no*'] } } });
      const run = await caseOf(index);
      const { code, outputs, log } = await run.run();
      expect({ code, ...outputs }).toMatchObject({ code: 0, archived: '10' });
      expect(log).toContain(`${index} (without body, no*)`);
    });

    it('is rejected if it removes a field that the archive needs', async () => {
      const index = await made(indices.newName(), june(10), { mappings: { _source: { excludes: ['alerts.*'] } } });
      const { code, log } = await (await caseOf(index)).run();
      expect(code).toBe(2);
      expect(log).toContain('removes the field "alerts.status" from messages');
    });
  });
});
