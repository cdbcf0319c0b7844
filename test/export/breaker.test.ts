import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { Breaker } from '../../src/export/breaker.ts';
import { Unavailable } from '../../src/io/ports.ts';

const down = new Unavailable('It is down.');

describe('Outages', () => {
  it('takes a source for out after three slots in a row, and no other', () => {
    const outages = new Breaker();
    const seen = Array.from({ length: 4 }, () => {
      outages.note('api', down);
      return [outages.isOut('api'), outages.isOut('elasticsearch')];
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
    ['fails for another reason', new UserError('Its totals disagree.')],
  ])('counts anew after a slot that %s', (_, error) => {
    const outages = new Breaker();
    for (const met of [down, down, error, down, down]) outages.note('api', met);
    expect(outages.isOut('api')).toBe(false);
    outages.note('api', down);
    expect(outages.isOut('api')).toBe(true);
    outages.note('api', error);
    expect(outages.isOut('api')).toBe(false);
  });
});
