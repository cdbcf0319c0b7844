import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { formatTimestamp, parseEpoch, parseInstant, parseTimestamp } from '../../src/messages/timestamp.ts';

const first = -62_135_596_800_000_000n;
const last = 253_402_300_799_999_999n;

describe('parseInstant', () => {
  const noon = 1_709_208_000_000_000n;
  it.each([
    ['2024-02-29T12:00:00Z', noon],
    ['2024-02-29T12:00:00', noon],
    ['2024-02-29 12:00:00', noon],
    ['2024-02-29t12:00:00z', noon],
    ['2024-02-29T12:00', noon],
    ['2024-02-29T12', noon],
    ['2024-02-29T12:00Z', noon],
    ['20240229T120000Z', noon],
    ['+002024-02-29T12:00:00Z', noon],
    ['2024-02-29T17:30:00+05:30', noon],
    ['2024-02-29T17:30:00+0530', noon],
    ['2024-02-29T07:00:00-05', noon],
    ['2024-02-29T12:00:00-00:00', noon],
    ['2024-02-29T13:00:00+01:00[Europe/Paris]', noon],
    ['2024-02-29T11:59:60Z', noon - 1_000_000n],
    ['2024-02-29', noon - 43_200_000_000n],
    ['2024-02-29T12:00:00.5Z', noon + 500_000n],
    ['2024-02-29T12:00:00,123456Z', noon + 123_456n],
    ['2024-02-29T12:00:00.123456789Z', noon + 123_456n],
    ['1969-12-31T23:59:59.9999999Z', -1n],
    ['1969-12-31T23:59:59.999999999', -1n],
    ['0001-01-01', first],
    ['0050-06-01T00:00:00Z', -60_576_249_600_000_000n],
    ['9999-12-31T23:59:59.999999999Z', last],
  ])('reads %s', (text, micros) => {
    expect(parseInstant(text)).toBe(micros);
  });

  it.each([
    '',
    '20240229',
    '1709208000',
    '1709208000000',
    '2023-02-29T12:00:00Z',
    '2024-02-30',
    '2024-13-01',
    '2024-00-01',
    '2024-01-00',
    '2024-04-31T00:00:00Z',
    '2024-02-29T24:00:00Z',
    '2024-02-29T12:60:00Z',
    '2024-02-29T12:00:61Z',
    '2024-02-29T12:00:00+24:00',
    '2024-02-29T12:00:00.1234567890Z',
    '2024-02-29T12:00:00.Z',
    '2024-02-29T12:00:00 Z',
    ' 2024-02-29',
    '2024-02-29Z',
    '2024-02-29+01:00',
    '2024-02-29T12:00:00[Europe/Paris]',
    '2024-02',
    '2024',
    '2024-W09-4',
    '12:00:00Z',
    'Thu, 29 Feb 2024 12:00:00 GMT',
    '02/29/2024',
    'now',
    '0000-12-31T23:59:59Z',
    '0001-01-01T00:00:00+00:01',
    '-000001-01-01T00:00:00Z',
    '9999-12-31T23:59:59-00:01',
    '+010000-01-01T00:00:00Z',
    `2024-02-29${' '.repeat(200)}`,
  ])('takes %j for no timestamp', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it('agrees with Temporal', () => {
    const digits = (width: number, max: number) =>
      fc.nat({ max }).map((number) => number.toString().padStart(width, '0'));
    const anyFraction = fc.option(fc.tuple(fc.constantFrom('.', ','), fc.stringMatching(/^\d{1,10}$/)), { nil: [] });
    const anyOffset = fc.oneof(
      fc.constantFrom('Z', 'z', '', '-00:00', '+05', '-0530'),
      fc
        .tuple(fc.constantFrom('+', '-'), digits(2, 24), fc.constant(':'), digits(2, 60))
        .map((parts) => parts.join('')),
    );
    const anyTime = fc
      .tuple(fc.constantFrom('T', 't', ' '), digits(2, 24), digits(2, 60), digits(2, 61), anyFraction)
      .map(
        ([separator, hour, minute, second, fraction]) => `${separator}${hour}:${minute}:${second}${fraction.join('')}`,
      );
    const anyDate = fc.tuple(digits(4, 9_999), digits(2, 13), digits(2, 32)).map((parts) => parts.join('-'));
    fc.assert(
      fc.property(anyDate, anyTime, anyOffset, (date, time, offset) => {
        const zone = offset === '' ? 'Z' : '';
        expect(parseInstant(date + time + offset)).toBe(temporalMicros(date + time + offset + zone));
        expect(parseInstant(date)).toBe(temporalMicros(`${date}T00:00Z`));
      }),
      { numRuns: 1_000 },
    );
  });
});

function temporalMicros(text: string): bigint | undefined {
  try {
    const nanos = Temporal.Instant.from(text).epochNanoseconds;
    const micros = (nanos - (((nanos % 1_000n) + 1_000n) % 1_000n)) / 1_000n;
    return micros >= first && micros <= last ? micros : undefined;
  } catch {
    return undefined;
  }
}

describe('parseEpoch', () => {
  it.each([
    ['0', 0n],
    ['-0', 0n],
    ['0.0e5', 0n],
    ['1', 1_000_000n],
    ['1.5', 1_500_000n],
    ['0.0000009', 0n],
    ['-0.0000009', -1n],
    ['-1.0000001', -1_000_001n],
    ['-1.0000000', -1_000_000n],
    ['1709208000', 1_709_208_000_000_000n],
    ['1709208000.123456', 1_709_208_000_123_456n],
    ['1709208000.123456999', 1_709_208_000_123_456n],
    ['1.709208e9', 1_709_208_000_000_000n],
    ['1.709208E+12', 1_709_208_000_000_000n],
    ['1709208000000', 1_709_208_000_000_000n],
    ['1709208000123.4567', 1_709_208_000_123_456n],
    ['170920800000000e-2', 1_709_208_000_000_000n],
    ['99999999999.9', 99_999_999_999_900_000n],
    ['100000000000', 100_000_000_000_000n],
    ['1e11', 100_000_000_000_000n],
    ['-100000000000', -100_000_000_000_000n],
    ['-62135596800', first],
    ['253402300799999.9999', last],
    ['1e-400', 0n],
    ['-1e-400', -1n],
    ['-1e-99999999999999999999', -1n],
  ])('reads %s', (number, micros) => {
    expect(parseEpoch(number)).toBe(micros);
  });

  it.each(['-62135596801', '253402300800000', '1e15', '1e400', '1e99999999999999999999', '-1e400', 'x', '', '1.'])(
    'takes %j for no timestamp',
    (number) => {
      expect(parseEpoch(number)).toBeUndefined();
    },
  );

  it('is exact for every number of µs, however it is spelled', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }), fc.nat({ max: 20 }), (micros, shift) => {
        const digits = (micros < 0n ? -micros : micros).toString().padStart(shift + 1, '0');
        const point = digits.length - shift;
        const fraction = digits.slice(point);
        const text = `${micros < 0n ? '-' : ''}${digits.slice(0, point)}${fraction && `.${fraction}`}e${shift - 6}`;
        expect(parseEpoch(text)).toBe(micros);
      }),
    );
  });
});

describe('parseTimestamp', () => {
  it.each([
    ['"2024-02-29T12:00:00Z"', 1_709_208_000_000_000n],
    ['"2024-02-29T12:00:00\\u005a"', 1_709_208_000_000_000n],
    ['1709208000', 1_709_208_000_000_000n],
    ['"1709208000"', undefined],
    ['true', undefined],
    ['null', undefined],
    ['{}', undefined],
    ['[1]', undefined],
    [`"${'x'.repeat(100_000)}"`, undefined],
    ['1'.repeat(100_000), undefined],
  ])('reads the token %.40s', (token, micros) => {
    expect(parseTimestamp(token)).toBe(micros);
  });
});

describe('formatTimestamp', () => {
  it('writes what parseInstant reads, at one width', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: first, max: last }), (micros) => {
        const text = formatTimestamp(micros);
        expect(parseInstant(text)).toBe(micros);
        expect(text).toHaveLength('2024-02-29T12:00:00.000000Z'.length);
      }),
    );
  });

  it.each([
    [-1n, '1969-12-31T23:59:59.999999Z'],
    [1_709_208_000_123_456n, '2024-02-29T12:00:00.123456Z'],
    [first, '0001-01-01T00:00:00.000000Z'],
    [last, '9999-12-31T23:59:59.999999Z'],
  ])('writes %d', (micros, text) => {
    expect(formatTimestamp(micros)).toBe(text);
  });
});
