import { describe, expect, it } from 'vitest';
import { fidelityOf, isExcluded, shardsOf, unsearchedOf } from '../../../src/io/search/indices.ts';

const plain = { settings: { 'index.number_of_shards': '2' }, defaults: { 'index.mapping.source.mode': 'STORED' } };
const withSettings = (settings: Record<string, string>) => ({ settings, defaults: {} });
const withSource = (source: object) => ({ mappings: { _source: { includes: [], excludes: [], ...source } } });

describe('unsearchedOf', () => {
  it('returns the indices that a pattern covers and searches do not reach, with the reason', () => {
    const all = {
      open: plain,
      frozen: withSettings({ 'index.frozen': 'true' }),
      hidden: withSettings({ 'index.hidden': 'true' }),
      closed: withSettings({ 'index.hidden': 'true', 'index.verified_before_close': 'true' }),
      backing: withSettings({ 'index.hidden': 'true' }),
      other: plain,
    };
    expect(unsearchedOf(all, ['open', 'frozen', 'backing'])).toEqual([
      { index: 'closed', why: 'closed' },
      { index: 'frozen', why: 'frozen' },
      { index: 'hidden', why: 'hidden' },
      { index: 'other', why: 'unreadable' },
    ]);
  });
});

it('shardsOf counts the shards of some indices', () => {
  expect(shardsOf({ a: plain, b: plain, c: withSettings({}) }, ['a', 'c', 'cluster:d'])).toBe(4);
});

describe('fidelityOf', () => {
  it.each<[string, object, object, 'synthetic' | 'disabled' | undefined]>([
    ['stored by default', plain, {}, undefined],
    ['synthetic by a setting', withSettings({ 'index.mapping.source.mode': 'synthetic' }), {}, 'synthetic'],
    [
      'synthetic by the default of its kind',
      { settings: {}, defaults: { 'index.mapping.source.mode': 'SYNTHETIC' } },
      {},
      'synthetic',
    ],
    ['of a kind that older servers make synthetic', withSettings({ 'index.mode': 'time_series' }), {}, 'synthetic'],
    [
      'of such a kind, but stored',
      withSettings({ 'index.mode': 'logsdb', 'index.mapping.source.mode': 'stored' }),
      {},
      undefined,
    ],
    ['synthetic by its mapping', plain, { i: withSource({ mode: 'synthetic' }) }, 'synthetic'],
    ['without a source', plain, { i: withSource({ enabled: false }) }, 'disabled'],
    ['without a source, by its mode', plain, { i: withSource({ mode: 'disabled' }) }, 'disabled'],
  ])('recognizes an index that is %s', (_, settings, sources, expected) => {
    // biome-ignore lint/suspicious/noExplicitAny: responses are objects of any members
    const { synthetic, disabled, filtered } = fidelityOf({ i: settings as any }, sources as any, ['i']);
    expect({ synthetic, disabled, filtered }).toEqual({
      synthetic: expected === 'synthetic' ? ['i'] : [],
      disabled: expected === 'disabled' ? ['i'] : [],
      filtered: [],
    });
  });

  it('returns the fields that an index removes', () => {
    const { filtered } = fidelityOf({ i: plain }, { i: withSource({ excludes: ['body.*'] }) }, ['i', 'j']);
    expect(filtered).toEqual([{ index: 'i', includes: [], excludes: ['body.*'] }]);
  });
});

it.each<[string, string[], string[], boolean]>([
  ['alerts.status', [], ['body'], false],
  ['alerts.status', [], ['alerts'], true],
  ['alerts.status', [], ['alerts.*'], true],
  ['alerts.status', [], ['*.status'], true],
  ['alerts.status', [], ['alerts.comment'], false],
  ['alerts.status', ['alerts', 'timestamp'], [], false],
  ['message_id', ['alerts', 'timestamp'], [], true],
  ['message_id', ['*'], [], false],
  ['a.c', [], ['a+'], false],
])('isExcluded: %s, of includes %j and excludes %j: %s', (name, includes, excludes, expected) => {
  expect(isExcluded(name, includes, excludes)).toBe(expected);
});
