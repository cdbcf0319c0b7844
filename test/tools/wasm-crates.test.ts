import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cratesNamedIn, wasmPath } from '../../tools/licenses/wasm-names.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'tools', 'licenses', 'wasm-crates.txt'), 'utf8');

it('the list of licenses includes every crate and version named in the WebAssembly module', () => {
  const named = cratesNamedIn(wasmPath).map(({ name, version }) => `${name} ${version}`);
  expect(named.length).toBeGreaterThan(30);
  const listed = text.split('\n').map((line) => line.replace(/ \(.*/, ''));
  expect(named.filter((crate) => !listed.includes(crate))).toEqual([]);
});

it('every listed crate has a license, and nearly all have its text', () => {
  const [, list, ...texts] = text.split(`\n\n${'-'.repeat(80)}\n\n`);
  const lines = list!.split('\n');
  expect(lines.length).toBeGreaterThan(100);
  expect(lines.filter((line) => !/\([A-Za-z0-9.+/() -]+\)/.test(line))).toEqual([]);
  const withText = new Set(texts.flatMap((each) => each.split('\n')[0]!.split(', ')));
  const without = lines.filter((line) => !withText.has(line.replace(/ \(.*/, '')));
  expect(without.filter((line) => !/ships no text|https:/.test(line))).toEqual([]);
  expect(without.length).toBeLessThan(10);
});
