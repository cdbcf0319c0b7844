import { expect, it } from 'vitest';
import { findingsIn, isChecked } from '../../tools/lint-words.ts';

it('findingsIn returns the line, the phrase and the better word', () => {
  expect(findingsIn('The source is up.\nA leg works off a window.\n')).toEqual([
    { line: 2, phrase: 'works off', instead: 'processes' },
  ]);
});

it.each([
  'The source was not to be had',
  'see whether it is well',
  'when it is at rest',
  'Put right what is said here.',
  'Absent: now',
  '127 slots, of which the first is live',
  'as often as it is told',
  'its staged messages are looked at, and it looks again',
  'a message that waits for its alerts',
  '46 messages waiting',
  '/** What of a window lies in one month. */',
  '  // Whether it is live.',
])('findingsIn finds the old kind: %s', (text) => {
  expect(findingsIn(text)).toHaveLength(1);
});

it.each([
  '46 messages pending',
  'Default: now',
  '/** Returns what the source holds. */',
  '# What it does',
  'The source became well known.',
  'a job waits for the previous one',
])('findingsIn accepts plain English: %s', (text) => {
  expect(findingsIn(text)).toEqual([]);
});

it.each([
  ['src/export/slot.ts', true],
  ['docs/operations.md', true],
  ['action.yml', true],
  ['.github/workflows/ci.yml', true],
  ['dist/index.js', false],
  ['demo/source/lexicon.ts', false],
  ['tools/licenses/wasm-crates.txt', false],
  ['tools/lint-words.ts', false],
])('isChecked(%j) is %j', (path, expected) => {
  expect(isChecked(path)).toBe(expected);
});
