import { describe, expect, it } from 'vitest';
import {
  caseLine,
  caseNames,
  caseSentence,
  causeNames,
  causePhrases,
  ledgerCaseNames,
  piecesOf,
} from '../../src/report/phrases.ts';

describe('phrases', () => {
  it.each(causeNames)('of %s are a clause and a remedy, in the singular and the plural', (name) => {
    for (const count of [1, 2]) {
      const facts = { count, source: 'api', from: '2024-01-01', to: '2024-02-01' } as const;
      expect(causePhrases[name].what(facts)).toMatch(/^[A-Z\de].*[^.]$/);
      expect(causePhrases[name].toDo(facts)).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('name a refresh only if slots of one are missing', () => {
    for (const name of ['source', 'time'] as const) {
      expect(causePhrases[name].toDo({ count: 2 })).not.toContain('refresh');
      expect(causePhrases[name].toDo({ count: 2, isRefresh: true })).toContain('without `refresh`');
    }
  });

  it.each(caseNames)('of the case %s are a clause and its outcome', (name) => {
    expect(caseSentence(name, 1)).toMatch(/^1 .*\. [\w_].*\.$/);
    expect(caseSentence(name, 2)).toMatch(/^2 .*\. [\w_].*\.$/);
  });

  it('cover the cases that the ledger counts', () => {
    expect(ledgerCaseNames).toEqual(['reopened', 'amended', 'removed', 'removed_pending', 'conflicting']);
  });
});

it('caseLine names the messages', () => {
  expect(caseLine('reopened', ['a', 'b'])).toBe(
    '2 archived messages were re-opened: "a", "b". The archived version stays until all alerts are closed again.',
  );
});

it('piecesOf separates code and links from words', () => {
  expect(piecesOf('Check [the log], then set `refresh: true`.', 'https://example.com/7')).toEqual([
    'Check ',
    { words: 'the log', url: 'https://example.com/7' },
    ', then set ',
    { code: 'refresh: true' },
    '.',
  ]);
});
