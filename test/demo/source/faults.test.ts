import { expect, test } from 'vitest';
import { FaultError, Faults, refusalOf } from '../../../demo/source/faults.ts';

const query = (page: number) => new URLSearchParams({ page_number: String(page) });
const withRules = (rules: unknown): Faults => {
  const faults = new Faults();
  faults.replace(rules);
  return faults;
};

test('failures apply one after the other, each the given number of times', () => {
  const faults = withRules([{ kind: '429', times: 2, retryAfter: 0 }, { kind: 'cut' }]);
  const kinds = Array.from({ length: 5 }, () => faults.failure(query(1))?.kind);
  expect(kinds).toEqual(['429', '429', 'cut', undefined, undefined]);
});

test('a rule applies to matching requests only', () => {
  const faults = withRules([{ kind: '500', match: { page_number: 2 } }]);
  expect(faults.failure(query(1))).toBeUndefined();
  expect(faults.failure(query(2))?.kind).toBe('500');
  expect(faults.failure(query(2))).toBeUndefined();
});

test('faults that change a page are looked up by kind and combine with others', () => {
  const faults = withRules([{ kind: 'noTotal', times: 'always' }, { kind: 'pageCap', pageCap: 3 }, { kind: '503' }]);
  expect(faults.failure(query(1))?.kind).toBe('503');
  expect(faults.shape('noTotal', query(1))?.kind).toBe('noTotal');
  expect(faults.shape('noTotal', query(2))?.kind).toBe('noTotal');
  expect(faults.shape('pageCap', query(1))?.pageCap).toBe(3);
  expect(faults.shape('pageCap', query(1))).toBeUndefined();
});

test('rules are replaced, not added', () => {
  const faults = withRules([{ kind: '500', times: 'always' }]);
  faults.replace([]);
  expect(faults.failure(query(1))).toBeUndefined();
});

test('a fault that is a status code has its Retry-After', () => {
  expect(refusalOf({ kind: '429', retryAfter: 7 })).toMatchObject({ status: 429, headers: { 'retry-after': '7' } });
  expect(refusalOf({ kind: 'cut' })).toBeUndefined();
});

test.each([
  [{}, 'list'],
  [[1], 'object'],
  [[{ kind: 'flood' }], 'kind'],
  [[{ kind: 'cut', times: 0 }], 'times'],
  [[{ kind: 'cut', match: 3 }], 'match'],
  [[{ kind: '429', retryAfter: '\n' }], 'retryAfter'],
  [[{ kind: 'slow', bytesPerSecond: -1 }], 'bytesPerSecond'],
  [[{ kind: 'pageCap' }], 'pageCap'],
])('refuses %j', (rules, reason) => {
  expect(() => withRules(rules)).toThrow(FaultError);
  expect(() => withRules(rules)).toThrow(reason);
});
