import { describe, expect, it } from 'vitest';
import { emptyListOf, endOf, refusalOf } from '../../../src/io/api/end.ts';
import { RequestRefused, Unavailable } from '../../../src/io/ports.ts';
import { plainShape } from '../../support/messages.ts';
import { pageOf, tell } from '../../support/model-source.ts';

const full = () => pageOf(plainShape, [tell({ id: 'm', at: 0, statuses: ['closed'] })]);
const empty = () => pageOf(plainShape, []);
const refused = (status: number) => ({ refusal: new RequestRefused(`answers ${status}`, status) });

describe('endOf', () => {
  it('takes a page without messages for the end, the first one too', async () => {
    for (const number of [1, 2, 7]) expect(endOf({ page: await empty() }, number, () => false)).toBe('empty');
  });

  it('goes on at a page with messages, also where a first page has them all', async () => {
    expect(endOf({ page: await full() }, 1, () => true)).toBeUndefined();
    expect(endOf({ page: await full() }, 2, () => false)).toBeUndefined();
  });

  it('takes a later page of nothing new for a repetition', async () => {
    expect(endOf({ page: await full() }, 2, () => true)).toBe('repeated');
  });

  it('takes 204 for an empty page', () => {
    for (const number of [1, 2]) expect(endOf(refused(204), number, () => false)).toBe('empty');
  });

  it.each([400, 404, 416, 422])(
    'takes %i after the first page for a refusal of the page, and on the first one for an error',
    (status) => {
      expect(endOf(refused(status), 2, () => false)).toBe('refused');
      expect(() => endOf(refused(status), 1, () => false)).toThrow(`answers ${status}`);
    },
  );

  it.each([401, 403, 405, 302])('takes %i for no end', (status) => {
    expect(() => endOf(refused(status), 9, () => false)).toThrow(`answers ${status}`);
  });
});

describe('refusalOf', () => {
  it('leaves what cannot be an end thrown', () => {
    const unavailable = new Unavailable('source-unavailable', 'answers 503', 503);
    expect(() => refusalOf(unavailable)).toThrow(unavailable);
    expect(() => refusalOf(new RequestRefused('answers 403', 403))).toThrow('answers 403');
    expect(refusalOf(new RequestRefused('answers 404', 404))).toMatchObject({ refusal: { status: 404 } });
  });
});

it('only the first page must have a list', () => {
  expect([1, 2, 3].map(emptyListOf)).toEqual(['null', 'missing', 'missing']);
});
