import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setOutput } from '@actions/core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseOutputs } from '../../demo/outputs.ts';

const folder = mkdtempSync(join(tmpdir(), 'outputs-'));
const file = join(folder, 'output');
const before = process.env.GITHUB_OUTPUT;

beforeAll(() => {
  process.env.GITHUB_OUTPUT = file;
});

afterAll(() => {
  if (before === undefined) delete process.env.GITHUB_OUTPUT;
  else process.env.GITHUB_OUTPUT = before;
  rmSync(folder, { recursive: true });
});

it('parses the outputs that @actions/core writes', () => {
  const value = fc.string({ unit: fc.constantFrom(...'a=<"% é😀') });
  const lines = fc.array(value, { minLength: 1, maxLength: 3 }).map((all) => all.join('\n'));
  const outputs = fc.dictionary(fc.constantFrom('matrix', 'count', 'objects-written', 'plan'), lines, {
    noNullPrototype: true,
    maxKeys: 4,
  });
  fc.assert(
    fc.property(outputs, (given) => {
      rmSync(file, { force: true });
      appendFileSync(file, '');
      for (const [name, text] of Object.entries(given)) setOutput(name, text);
      expect(parseOutputs(readFileSync(file, 'utf8'))).toEqual(given);
    }),
    { numRuns: 50 },
  );
});

it('parses single-line outputs', () => {
  expect(parseOutputs('a=1\nb=x=<<y\n\nc=\n')).toEqual({ a: '1', b: 'x=<<y', c: '' });
});

it.each(['nothing', 'a<<end\nvalue\n', '=1'])('rejects %j', (text) => {
  expect(() => parseOutputs(text)).toThrow(SyntaxError);
});
