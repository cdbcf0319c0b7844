import { describe, expect, it } from 'vitest';
import { nextOf, withTotal } from '../../../src/io/api/facts.ts';
import type { Paging } from '../../../src/io/api/settings.ts';
import { PageError } from '../../../src/messages/page.ts';
import { plainShape } from '../../support/messages.ts';
import { pageOf } from '../../support/model-source.ts';

const page = await pageOf(plainShape, []);
const totalIn = (name: string, value: string | undefined) =>
  withTotal({ ...page, total: 5 }, { [name]: value }, { header: name }).total;

describe('a total', () => {
  it('is read from a header', () => {
    expect(totalIn('x-total-count', ' 17 ')).toBe(17);
    expect(totalIn('content-range', 'items 0-9/66')).toBe(66);
    expect(totalIn('content-range', 'items 0-9/*')).toBe(5);
    expect(totalIn('x-total-count', undefined)).toBe(5);
  });

  it.each(['many', '-1', '1.5', '99999999999999999999'])('is refused as %s', (value) => {
    expect(() => totalIn('x-total-count', value)).toThrow(PageError);
  });
});

describe('the next page', () => {
  const at = (json: string | undefined) =>
    nextOf({ ...page, extras: [json] }, {}, { kind: 'next', next: { pointer: ['next'] } });
  const link = (value: string | string[] | undefined) => nextOf(page, { link: value }, { kind: 'next', next: 'link' });

  it('is a string or a number at a pointer', () => {
    expect(at('"abc"')).toBe('abc');
    expect(at('12345678901234567890')).toBe('12345678901234567890');
    for (const none of [undefined, 'null', 'false', '""', '" "']) expect(at(none)).toBeUndefined();
    expect(() => at('{"href":"x"}')).toThrow('neither a string nor a number');
  });

  it('is the relation next of a Link header', () => {
    const [first, second] = ['<https://a.example/?a=1,2;3>', '<https://a.example/?page=2>'];
    expect(link(`${first}; rel="first", ${second}; title="a; rel=x"; rel="prev next"`)).toBe(second!.slice(1, -1));
    expect(link([`${first}; rel=prev`, `${second};rel=next`])).toBe(second!.slice(1, -1));
    for (const none of [undefined, '', `${first}; rel="last"`, `${first}; rel="nextish"`])
      expect(link(none)).toBeUndefined();
  });

  it('is a header', () => {
    const paging: Paging = { kind: 'next', next: { header: 'x-next' } };
    expect(nextOf(page, { 'x-next': ' abc ' }, paging)).toBe('abc');
    expect(nextOf(page, {}, paging)).toBeUndefined();
  });

  it('is none where pages are numbered', () => {
    expect(nextOf(page, { link: '</a>; rel=next' }, { kind: 'page', first: 1 })).toBeUndefined();
  });
});
