import fc from 'fast-check';

const pieces = [
  '::',
  ':',
  '##[',
  '##',
  '[',
  ']',
  'stop-commands',
  'add-mask',
  'set-env name=PATH',
  '::stop-commands::token',
  '::set-output name=complete::true',
  '::error file=a.js,line=1::forged',
  '##[add-mask]a',
  '##[stop-commands]token',
  '%0A',
  ' ',
] as const;
const unseen = ['\r', '\n', '\r\n', '\t', '\0', '\u0085', '\u2028', '\u2029', '\u200b', '\u202e', '\ufeff'] as const;
const sequences = ['\u001b[31m', '\u001b[2J', '\u001b]0;title\u0007', '\u009b0m'] as const;

/** Text that attacks GitHub's runner, a terminal or the display of bidirectional text. */
export function hostileText(): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...pieces) },
    { weight: 4, arbitrary: fc.constantFrom(...unseen) },
    { weight: 1, arbitrary: fc.constantFrom(...sequences) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
  );
  return fc.array(piece, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));
}
