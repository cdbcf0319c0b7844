import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTimeFormat } from '../../../src/messages/time/pattern.ts';
import { formatTimestamp, parseInstant, readTimestamp } from '../../../src/messages/time/timestamp.ts';

function read(format: string, text: string): string | undefined {
  const wall = compileTimeFormat(format)(text);
  if (wall === undefined) return undefined;
  return formatTimestamp(wall.micros - BigInt(wall.offset ?? 0) * 60_000_000n).replace('.000000', '');
}

describe('compileTimeFormat', () => {
  it.each([
    ['dd/MM/yyyy', '10/06/2024', '2024-06-10T00:00:00Z'],
    ['MM/dd/yyyy HH:mm:ss', '06/10/2024 10:00:00', '2024-06-10T10:00:00Z'],
    ['d.M.yy H:m:s', '1.6.24 9:5:7', '2024-06-01T09:05:07Z'],
    ['yyyyMMddHHmmssSSS', '20240610100000123', '2024-06-10T10:00:00.123000Z'],
    ['uuuu/MM/dd HH:mm:ss.SSSSSSSSS', '2024/06/10 10:00:00.123456789', '2024-06-10T10:00:00.123456Z'],
    ['MMM d, yyyy h:mm a', 'Jun 1, 2024 12:05 am', '2024-06-01T00:05:00Z'],
    ['MMMM dd yyyy hh:mm:ss a', 'june 10 2024 12:00:01 PM', '2024-06-10T12:00:01Z'],
    ['EEE MMM dd HH:mm:ss Z yyyy', 'Mon Jun 10 10:00:00 +0200 2024', '2024-06-10T08:00:00Z'],
    ['EEEE, d MMMM yyyy', 'Monday, 10 June 2024', '2024-06-10T00:00:00Z'],
    ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", '2024-06-10T10:00:00.123+02:00', '2024-06-10T08:00:00.123000Z'],
    ["yyyy-MM-dd'T'HHmmssX", '2024-06-10T100000Z', '2024-06-10T10:00:00Z'],
    ["yyyy-MM-dd 'at' HH 'o''clock'", "2024-06-10 at 10 o'clock", '2024-06-10T10:00:00Z'],
    ['yyyy-MM-dd[ HH:mm[:ss[.SSS]]]', '2024-06-10', '2024-06-10T00:00:00Z'],
    ['yyyy-MM-dd[ HH:mm[:ss[.SSS]]]', '2024-06-10 10:00:01', '2024-06-10T10:00:01Z'],
    ['dd/MM/yyyy HH:mm', '10/06/2024 24:00', '2024-06-11T00:00:00Z'],
    ['dd/MM/yyyy HH:mm z', '10/06/2024 10:00 EST', '2024-06-10T15:00:00Z'],
    ['yyyy/MM/dd||epoch_second', '1718013600', '2024-06-10T10:00:00Z'],
    ['yyyy/MM/dd || dd.MM.yyyy', '10.06.2024', '2024-06-10T00:00:00Z'],
    ['epoch_millis', '86400000', '1970-01-02T00:00:00Z'],
    ['epoch_millis', '-1.5', '1969-12-31T23:59:59.998500Z'],
    ['strict_date_optional_time', '2024-06-10T10:00:00.123+0200', '2024-06-10T08:00:00.123000Z'],
    ['strict_date_optional_time', '2024-06', '2024-06-01T00:00:00Z'],
    ['date_optional_time', '2024', '2024-01-01T00:00:00Z'],
    ['strict_date_optional_time_nanos', '2024-06-10T10:00:00.123456789Z', '2024-06-10T10:00:00.123456Z'],
    ['basic_date_time', '20240610T100000.1Z', '2024-06-10T10:00:00.100000Z'],
    ['basic_date_time_no_millis', '20240610T100000+0200', '2024-06-10T08:00:00Z'],
    ['strict_date_hour_minute_second', '2024-06-10T10:00:00', '2024-06-10T10:00:00Z'],
    ['basic_date', '20240610', '2024-06-10T00:00:00Z'],
  ])('%s reads %s', (format, text, instant) => {
    expect(read(format, text)).toBe(instant);
  });

  it.each([
    ['dd/MM/yyyy', '10/06/24'],
    ['dd/MM/yyyy', '1/06/2024'],
    ['dd/MM/yyyy', '30/02/2024'],
    ['dd/MM/yyyy', '10/13/2024'],
    ['dd/MM/yyyy', '10/06/2024 '],
    ['dd/MM/yyyy', 'x10/06/2024'],
    ['dd.MM.yyyy', '10/06/2024'],
    ['yyyy-MM-dd HH:mm:ss.SSS', '2024-06-10 10:00:00.12'],
    ['yyyy-MM-dd HH:mm', '2024-06-10 25:00'],
    ['yyyy-MM-dd hh:mm a', '2024-06-10 13:00 PM'],
    ['yyyy-MM-dd hh:mm a', '2024-06-10 00:00 AM'],
    ['EEE dd MMM yyyy', 'Tue 10 Jun 2024'],
    ['yyyy-MM-dd HH:mmXXX', '2024-06-10 10:00+0200'],
    ['yyyy-MM-dd HH:mmXXX', '2024-06-10 10:00+24:00'],
    ['yyyy-MM-dd yyyy', '2024-06-10 2023'],
    ['epoch_millis', '2024-06-10'],
    ['epoch_second', ''],
    ['epoch_second', '1718013600000'],
  ])('%s does not read %j', (format, text) => {
    expect(read(format, text)).toBeUndefined();
  });

  it.each([
    ['dd/MM', 'no year'],
    ['yyyy-dd', 'a day but no month'],
    ['yyyy-MM HH:mm', 'a time but no day'],
    ['yyyy-MM-dd hh:mm', 'only one of `hh` and `a`'],
    ['yyyy-MM-dd HH:mm a', 'only one of `hh` and `a`'],
    ['yyyy-MM-dd mm', 'minutes but no hour'],
    ['yyyy-MM-dd HH ss', 'seconds but no minutes'],
    ['yyyy-MM-dd HH:mm.SSS', 'a fraction but no seconds'],
    ['yyyy-MM-ddTHH:mm', '`T` is neither'],
    ['YYYY-MM-dd', '`YYYY` is neither'],
    ['yyyy-MM-DD', '`DD` is neither'],
    ['yyyy-MM-dd[', '`[` is not closed'],
    ['yyyy-MM-dd]', '`]` is unbalanced'],
    ["yyyy-MM-dd'T", "`'` is unbalanced"],
    ['epoch_micros', '`e` is neither'],
    ['%Y-%m-%d', '`Y` is neither'],
    [`yyyy${'[M]'.repeat(9)}`, 'more than 8 optional sections'],
    ['y'.repeat(501), 'longer than 500 characters'],
    ['toString', '`t` is neither'],
    ['', 'has no year'],
  ])('rejects %s: %s', (format, problem) => {
    expect(() => compileTimeFormat(format)).toThrow(expect.objectContaining({ code: 'input-invalid' }));
    expect(() => compileTimeFormat(format)).toThrow(problem);
  });

  it('parses every instant that it can spell', () => {
    const rules = { format: compileTimeFormat("dd|MM|yyyy'T'HH*mm*ss(SSSSSS)XXX") };
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }), (micros) => {
        const [, year, month, day, hour, minute, second, fraction] = /(\d+)-(..)-(..)T(..):(..):(..)\.(\d+)/.exec(
          formatTimestamp(micros),
        )!;
        const text = `${day}|${month}|${year}T${hour}*${minute}*${second}(${fraction})Z`;
        expect(readTimestamp(JSON.stringify(text), rules)).toBe(micros);
        expect(parseInstant(text)).toBeUndefined();
      }),
    );
  });
});
