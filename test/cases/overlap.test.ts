import { expect, it } from 'vitest';
import { testServer } from '../support/http-server.ts';
import { api, Case, message, pageOf } from './support/run.ts';

/** An Elasticsearch that holds nothing. */
function emptyElasticsearch() {
  return testServer((response, _, { url = '' }) => {
    const path = url.replace(/\?.*/, '');
    const fields = { timestamp: { date: { searchable: true, aggregatable: true } } };
    const hits = { total: { value: 0, relation: 'eq' }, hits: [] };
    const found = { pit_id: 'p', timed_out: false, _shards: { total: 1, successful: 1, failed: 0 }, hits };
    const answer = path.endsWith('/_field_caps')
      ? { indices: ['messages'], fields }
      : path.endsWith('/_pit')
        ? { id: 'p' }
        : found;
    response.writeHead(200, { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  });
}

it('what one of two sources lacks of the days that both serve is named, and the archive is not complete', async () => {
  const messages = [
    message('settled', '2024-08-30T12:00:00Z'),
    message('unalerted', '2024-08-30T12:00:00Z', []),
    message('live', '2024-10-01T12:00:00Z'),
  ];
  const { url } = await api((asked) => pageOf(messages, asked));
  const elasticsearch = await emptyElasticsearch();
  const made = await Case.make({
    'api-url': url.href,
    'elasticsearch-url': elasticsearch.url.origin,
    'elasticsearch-index': 'messages',
    from: '2024-08-20',
    to: '2024-11-01',
  });
  const ran = await made.run();
  expect(ran).toMatchObject({ code: 1, outputs: { archived: '1', complete: 'false' } });
  const said =
    '1 message with alerts is in the API but not in Elasticsearch, from 2024-08-26 to 2024-09-01: "settled".';
  expect(ran.log).toContain(`::error::${said}`);
  expect(ran.summary).toContain('`"settled"`');
  expect(await made.run({ 'overlap-days': '0' })).toMatchObject({ code: 0, outputs: { complete: 'true' } });
});
