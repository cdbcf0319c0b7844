import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { Breaker } from '../../src/export/breaker.ts';
import { Unavailable } from '../../src/io/ports.ts';

const down = new Unavailable('source-unavailable', 'It is down.');

describe('Breaker', () => {
  it('opens for a source after three consecutive breaker, and for no other source', () => {
    const breaker = new Breaker();
    const seen = Array.from({ length: 4 }, () => {
      breaker.note('api', down);
      return [breaker.isOpen('api'), breaker.isOpen('elasticsearch')];
    });
    expect(seen).toEqual([
      [false, false],
      [false, false],
      [true, false],
      [true, false],
    ]);
  });

  it.each([
    ['succeeds', undefined],
    ['fails for another reason', new UserError('source-unproven', 'Its totals disagree.')],
  ])('counts from zero after a slot that %s', (_, error) => {
    const breaker = new Breaker();
    for (const met of [down, down, error, down, down]) breaker.note('api', met);
    expect(breaker.isOpen('api')).toBe(false);
    breaker.note('api', down);
    expect(breaker.isOpen('api')).toBe(true);
    breaker.note('api', error);
    expect(breaker.isOpen('api')).toBe(false);
  });
});
