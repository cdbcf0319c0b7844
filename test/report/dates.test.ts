import { describe, expect, it } from 'vitest';
import { age, date, moment, monthName, span } from '../../src/report/dates.ts';

const ms = Date.parse;
const of = (start: string, end: string) => ({ start: ms(start), end: ms(end) });

describe('dates', () => {
  it('date, moment and monthName use UTC and English names', () => {
    expect(date(ms('2024-06-01T23:59:59.999Z'))).toBe('1 June 2024');
    expect(moment(ms('2024-12-31T03:07:59Z'))).toBe('31 December 2024, 03:07 UTC');
    expect([0, 11].map(monthName)).toEqual(['January', 'December']);
  });

  it.each([
    ['2024-06-01', '2024-07-01', 'June 2024'],
    ['2023-12-01', '2024-01-01', 'December 2023'],
    ['2024-05-17', '2024-06-01', '17 to 31 May 2024'],
    ['2024-06-01', '2024-06-17', '1 to 16 June 2024'],
    ['2024-02-28', '2024-03-01', '28 to 29 February 2024'],
    ['2024-05-17', '2024-05-18', '17 May 2024'],
    ['2024-05-31', '2024-06-01', '31 May 2024'],
    ['2024-06-01', '2024-06-02', '1 June 2024'],
  ])('span of %s to %s is %s', (start, end, text) => {
    expect(span(of(start, end))).toBe(text);
  });

  it.each([
    ['2024-06-01', '2024-06-01', '0 days'],
    ['2024-06-01', '2024-06-02T23:00Z', '1 day'],
    ['2024-06-01', '2024-07-30', '59 days'],
    ['2024-06-01', '2024-08-01', '2 months'],
    ['2024-06-15', '2024-09-14', '2 months'],
    ['2022-02-28', '2024-01-31', '23 months'],
    ['2022-02-28', '2024-02-28', '2 years'],
    ['2022-02-28', '2024-03-28', '2 years 1 month'],
    ['2019-05-30', '2027-01-01', '7 years 7 months'],
    ['2024-06-02', '2024-06-01', '0 days'],
  ])('age from %s to %s is %s', (from, to, text) => {
    expect(age(ms(from), ms(to))).toBe(text);
  });
});
