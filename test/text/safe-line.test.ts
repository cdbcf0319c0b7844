import fc from 'fast-check';
import { expect, it } from 'vitest';
import { safeLine } from '../../src/text/safe-line.ts';
import { hostileText } from '../support/hostile.ts';
import { asRunner } from '../support/runner-log.ts';

it.each([
  ['x\n::stop-commands::t\nx', 'x : :stop-commands::t x'],
  ['##[stop-commands]t', '## [stop-commands]t'],
  ['#\u200b#[add-mask]t', '## [add-mask]t'],
  ['\ufeff:\u200b:warning::x', ': :warning::x'],
  [':::', ': : :'],
  ['arn:aws:iam::123456789012:role/a', 'arn:aws:iam::123456789012:role/a'],
  ['a:::b, [::x::y', 'a:: :b, [: :x::y'],
  ['a\r\n\u0085\u2028\u2029\u0000b', 'a b'],
  ['\u001b[31mred\u001b[0m \u001b]0;title\u0007\u009b2Jx', 'red x'],
  ['\u202egnp.exe\u2066', 'gnp.exe'],
  ['http://[fe80::1]:9200/x', 'http://[fe80::1]:9200/x'],
  ['  [1/2] Tage — 5 °C, 😀', '  [1/2] Tage — 5 °C, 😀'],
])('safeLine turns %j into %j', (text, line) => {
  expect(safeLine(text)).toBe(line);
});

it('safeLine turns any text into one line without a runner command', () => {
  fc.assert(
    fc.property(fc.array(hostileText(), { maxLength: 4 }), fc.constantFrom('', ' ', 'x: ', '##'), (texts, before) => {
      const line = safeLine(before + texts.join(''));
      expect(asRunner(line).commands).toEqual([]);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(safeLine(line)).toBe(line);
    }),
    { numRuns: 2_000 },
  );
});

it('the command parser of these tests agrees with the runner', () => {
  const log = 'a\r  ::warning file=x::hot\n\u200b::stop-commands::t\nx ##[add-mask]s\n::unknown::x\nplain :: text';
  expect(asRunner(log)).toEqual({
    commands: [
      { name: 'warning', data: 'hot' },
      { name: 'stop-commands', data: 't' },
      { name: 'add-mask', data: 's' },
    ],
    lines: ['a', '::unknown::x', 'plain :: text'],
  });
});
