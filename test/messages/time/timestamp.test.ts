import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { compileTimeFormat } from '../../../src/messages/time/pattern.ts';
import {
  formatTimestamp,
  parseEpoch,
  parseInstant,
  parseTimestamp,
  readTimestamp,
} from '../../../src/messages/time/timestamp.ts';

const first = -62_135_596_800_000_000n;
const last = 253_402_300_799_999_999n;
const noon = 1_709_208_000_000_000n;

describe('parseInstant', () => {
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
    ['2024-02-28T24:00:00Z', noon - 43_200_000_000n],
    ['2024-02-28 24:00', noon - 43_200_000_000n],
    ['2023-12-31T24:00:00.000', 1_704_067_200_000_000n],
    ['2024-02-29T12:00:00.1234567890123Z', noon + 123_456n],
    ['20240229T120000.1234567890123Z', noon + 123_456n],
    ['2024-02-29 12:00:00 UTC', noon],
    ['2024-02-29 12:00:00.5 GMT', noon + 500_000n],
    ['2024-02-29 12:00:00 Z', noon],
    ['2024-02-29 12:00:00 +0000 UTC', noon],
    ['2024-02-29 17:30:00 +0530', noon],
    ['2024-02-29 07:00:00 -05:00', noon],
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
    '2024-02-29T24:00:01Z',
    '2024-02-29T24:01:00Z',
    '2024-02-29T24:00:00.1Z',
    '2024-02-29T25:00:00Z',
    '2024-02-29 12:00:00 +0200 UTC',
    '2024-02-29 12:00:00 CEST',
    '2024-02-29 UTC',
    '2024-02-29T12:60:00Z',
    '2024-02-29T12:00:61Z',
    '2024-02-29T12:00:00+24:00',
    '2024-02-29T12:00:00.Z',
    '2024-02-29T12:00:00  Z',
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
  ])('rejects %j', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it('agrees with Temporal', () => {
    const digits = (width: number, max: number) =>
      fc.nat({ max }).map((number) => number.toString().padStart(width, '0'));
    const anyFraction = fc.option(fc.tuple(fc.constantFrom('.', ','), fc.stringMatching(/^\d{1,9}$/)), { nil: [] });
    const anyOffset = fc.oneof(
      fc.constantFrom('Z', 'z', '', '-00:00', '+05', '-0530'),
      fc
        .tuple(fc.constantFrom('+', '-'), digits(2, 24), fc.constant(':'), digits(2, 60))
        .map((parts) => parts.join('')),
    );
    const anyTime = fc
      .tuple(fc.constantFrom('T', 't', ' '), digits(2, 23), digits(2, 60), digits(2, 61), anyFraction)
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
    ['99999999999999', 99_999_999_999_999_000n],
    ['100000000000000', 100_000_000_000_000n],
    ['1709208000123456', 1_709_208_000_123_456n],
    ['1709208000123456.9', 1_709_208_000_123_456n],
    ['-1709208000123456.9', -1_709_208_000_123_457n],
    ['99999999999999999', 99_999_999_999_999_999n],
    ['100000000000000000', 100_000_000_000_000n],
    ['1709208000123456789', 1_709_208_000_123_456n],
    ['-1709208000123456789', -1_709_208_000_123_457n],
    ['253402300799999999999', last],
    ['1e-400', 0n],
    ['-1e-400', -1n],
    ['-1e-99999999999999999999', -1n],
  ])('reads %s', (number, micros) => {
    expect(parseEpoch(number)).toBe(micros);
  });

  it.each([
    '-62135596801',
    '253402300800000000000',
    '1e21',
    '1e400',
    '1e99999999999999999999',
    '-1e400',
    'x',
    '',
    '1.',
  ])('rejects %j', (number) => {
    expect(parseEpoch(number)).toBeUndefined();
  });

  it('is exact for every number of µs in any spelling', () => {
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

describe('readTimestamp', () => {
  it.each([
    ['1709208000', noon],
    ['1709208000.000200', noon + 200n],
    ['1709208000000', noon],
    ['1709208000000.25', noon + 250n],
    ['1709208000000200', noon + 200n],
    ['1709208000000200999', noon + 200n],
    ['1.709208E9', noon],
    ['-1709208000', -noon],
    ['100000000', 100_000_000_000_000n],
    ['  2024-02-29T12:00:00Z\n', noon],
    ['\t1709208000 ', noon],
    ['2024-02-29 12:00:00 UTC', noon],
    ['2024-02-29T24:00:00Z', noon + 43_200_000_000n],
    ['Thu, 29 Feb 2024 12:00:00 +0000', noon],
    ['Thu, 29 Feb 2024 12:00:00 GMT', noon],
    ['29 Feb 2024 12:00 UT', noon],
    ['29 Feb 2024 12:00', noon],
    ['thu, 29 feb 2024 07:00:00 est', noon],
    ['Thu,29 Feb 24 05:00:00 -0700 (MST)', noon],
    ['Thu, 29 Feb 2024 14:00:00 +0200 (CEST)', noon],
    ['Thu, 29 Feb 2024\r\n 12:00:00 -0000', noon],
    ['Fri, 1 Mar 2024 00:00:00 +1200', noon],
    ['Wed, 31 Dec 69 23:59:60 Z', -1_000_000n],
    ['/Date(1709208000000)/', noon],
    ['/Date(1709208000000+0200)/', noon],
    ['/Date(-1709208000000)/', -noon],
  ])('accepts the text %j', (text, micros) => {
    expect(parseTimestamp(JSON.stringify(text))).toBe(micros);
    expect(parseTimestamp(JSON.stringify({ $date: text }))).toBe(micros);
  });

  it.each([
    '',
    ' ',
    '0',
    '2024',
    '20240229',
    '99999999',
    '-99999999.5',
    '202402291200',
    '20240229120000',
    '20240229120000.5',
    '20240229120000123',
    '20240229120000123456',
    '1709208000 UTC',
    '1,709,208,000',
    '0x65e07000',
    '10/06/2024',
    '06-10-2024 10:00:00',
    '29.02.2024 12:00:00',
    'Fri, 29 Feb 2024 12:00:00 +0000',
    'Fri, 30 Feb 2024 12:00:00 +0000',
    'Thu, 29 Feb 2024 24:00:00 +0000',
    'Thu, 29 Feb 2024 12:00:00 +2400',
    'Thu, 29 Feb 2024 12:00:00 A',
    'Thu, 29 Feb 2024 12:00:00 CEST',
    'Thu, 29 Feb 2024',
    'Thu, 29 Febr 2024 12:00:00 +0000',
    'Date(1709208000000)',
    '/Date(1709208000000+2)/',
    '/Date()/',
    '1709208000000000000000000',
  ])('rejects the text %j', (text) => {
    expect(readTimestamp(JSON.stringify(text))).toBe('timestamp cannot be parsed');
  });

  it.each([
    ['{"$date":1709208000000}', noon],
    ['{"$date":86400000}', 86_400_000_000n],
    ['{ "$date" : { "$numberLong" : "1709208000000" } }', noon],
    ['{"$date":{"$numberLong":"-1"}}', -1_000n],
  ])('accepts the MongoDB form %s', (token, micros) => {
    expect(parseTimestamp(token)).toBe(micros);
  });

  it.each([
    '{}',
    '{"$date":null}',
    '{"$date":1.5}',
    '{"$date":1e21}',
    '{"$date":{"$numberLong":1709208000000}}',
    '{"$date":{"$numberLong":"1","x":1}}',
    '{"$date":1,"x":1}',
    '{"date":1709208000000}',
    '{"$date":["2024-02-29"]}',
    '{"$numberLong":"1709208000000"}',
  ])('rejects the MongoDB form %s', (token) => {
    expect(parseTimestamp(token)).toBeUndefined();
  });

  it('reads the same instant from s, ms, µs, ns and an e-mail date, from March 1973 on', () => {
    const anyMicros = fc.bigInt({ min: 10n ** 14n, max: 4_102_444_800_000_000n });
    fc.assert(
      fc.property(anyMicros, (micros) => {
        const [seconds, rest] = [micros / 1_000_000n, (micros % 1_000_000n).toString().padStart(6, '0')];
        for (const text of [`${seconds}.${rest}`, `${micros}`, `${micros}000`]) {
          expect(parseTimestamp(text)).toBe(micros);
          if (!/^(19|20)/.test(text)) expect(parseTimestamp(`" ${text}"`)).toBe(micros);
        }
        const whole = seconds * 1_000_000n;
        expect(parseTimestamp(`"${new Date(Number(seconds * 1_000n)).toUTCString()}"`)).toBe(whole);
        expect(parseTimestamp(`"/Date(${seconds * 1_000n})/"`)).toBe(whole);
      }),
    );
  });

  it('never throws', () => {
    const rules = { format: compileTimeFormat('dd/MM/yyyy HH:mm[ VV]'), zone: 'Europe/Berlin' };
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.json(), (text, json) => {
        for (const token of [JSON.stringify(text), JSON.stringify({ $date: text }), json]) {
          for (const each of [{}, rules]) expect(['bigint', 'string']).toContain(typeof readTimestamp(token, each));
        }
      }),
    );
  });
});

describe('the time zone of timestamps without an offset', () => {
  const berlin = { zone: 'Europe/Berlin' };

  it.each([
    ['2024-06-10T10:00:00', '2024-06-10T08:00:00Z'],
    ['2024-06-10 10:00:00.123456', '2024-06-10T08:00:00.123456Z'],
    ['2024-01-10T10:00', '2024-01-10T09:00:00Z'],
    ['2024-06-10', '2024-06-09T22:00:00Z'],
    ['2024-06-10T24:00:00', '2024-06-10T22:00:00Z'],
    ['20240610T100000', '2024-06-10T08:00:00Z'],
    ['Mon, 10 Jun 2024 10:00:00', '2024-06-10T08:00:00Z'],
    ['2024-03-31T01:59:59.999999', '2024-03-31T00:59:59.999999Z'],
    ['2024-03-31T03:00:00', '2024-03-31T01:00:00Z'],
    ['2024-10-27T01:59:59', '2024-10-26T23:59:59Z'],
    ['2024-10-27T03:00:00', '2024-10-27T02:00:00Z'],
    ['2024-10-27T02:30:00+02:00', '2024-10-27T00:30:00Z'],
    ['2024-10-27 02:30:00 UTC', '2024-10-27T02:30:00Z'],
    ['Sun, 27 Oct 2024 02:30:00 +0100', '2024-10-27T01:30:00Z'],
    ['1718013600', '2024-06-10T10:00:00Z'],
  ])('resolves %s', (text, instant) => {
    expect(readTimestamp(JSON.stringify(text), berlin)).toBe(parseInstant(instant));
  });

  it.each([
    ['2024-10-27T02:00:00', 'timestamp is ambiguous in its time zone'],
    ['2024-10-27T02:59:59.999999', 'timestamp is ambiguous in its time zone'],
    ['2024-03-31T02:00:00', 'timestamp does not exist in its time zone'],
    ['Sun, 31 Mar 2024 02:30:00', 'timestamp does not exist in its time zone'],
  ])('rejects %s', (text, problem) => {
    expect(readTimestamp(JSON.stringify(text), berlin)).toBe(problem);
  });

  it('agrees with Temporal in any zone, whatever the zone of the machine', () => {
    const anyZone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu');
    const machine = process.env.TZ;
    try {
      fc.assert(
        fc.property(anyZone, anyZone, fc.nat({ max: 4_000_000_000 }), (zone, here, seconds) => {
          process.env.TZ = here;
          const shown = Temporal.Instant.fromEpochMilliseconds(seconds * 1_000).toZonedDateTimeISO(zone);
          const read = readTimestamp(`"${shown.toPlainDateTime().toString()}"`, { zone });
          if (typeof read === 'bigint') expect(read).toBe(BigInt(seconds) * 1_000_000n);
          else expect(read).toBe('timestamp is ambiguous in its time zone');
        }),
        { numRuns: 300 },
      );
    } finally {
      if (machine === undefined) delete process.env.TZ;
      else process.env.TZ = machine;
    }
  });
});

describe('a time format', () => {
  it('takes precedence over self-describing texts', () => {
    const rules = { format: compileTimeFormat('yyyyMMddHHmmss') };
    expect(readTimestamp('"20240229120000"', rules)).toBe(noon);
    expect(readTimestamp('20240229120000', rules)).toBe(noon);
    expect(readTimestamp('"1709208000"', rules)).toBe(noon);
    expect(readTimestamp('1709208000', rules)).toBe(noon);
  });

  it('uses the configured zone unless the text has one', () => {
    const rules = { format: compileTimeFormat('dd/MM/yyyy HH:mm[ z][ VV]'), zone: 'America/New_York' };
    expect(readTimestamp('"29/02/2024 07:00"', rules)).toBe(noon);
    expect(readTimestamp('"29/02/2024 12:00 GMT"', rules)).toBe(noon);
    expect(readTimestamp('"29/02/2024 13:00 Europe/Paris"', rules)).toBe(noon);
    expect(readTimestamp('"03/11/2024 01:30"', rules)).toBe('timestamp is ambiguous in its time zone');
    expect(readTimestamp('"29/02/2024 13:00 Nowhere/Land"', rules)).toBe('timestamp cannot be parsed');
  });
});

describe('formatTimestamp', () => {
  it('is the inverse of parseInstant, at fixed width', () => {
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
  ])('formats %d', (micros, text) => {
    expect(formatTimestamp(micros)).toBe(text);
  });
});
