import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { declaredDefaults } from './support/declared.ts';

type Section = Record<string, Record<string, string>>;

const text = readFileSync(new URL('../action.yml', import.meta.url), 'utf8');

/** Members of a section of action.yml: names are indented by two spaces, their `key: value` lines by four. */
function section(title: string): Section {
  const lines = text.split('\n');
  const start = lines.indexOf(`${title}:`) + 1;
  expect(start, title).toBeGreaterThan(0);
  const end = lines.findIndex((line, index) => index >= start && /^\S/.test(line));
  const found: Section = {};
  let entry: Record<string, string> = {};
  const isContent = (line: string) => line !== '' && !line.trimStart().startsWith('#');
  for (const line of lines.slice(start, end === -1 ? undefined : end).filter(isContent)) {
    const [, name] = /^ {2}([a-z-]+):$/.exec(line) ?? [];
    const [, key, value] = /^ {4}([a-z]+): (.+)$/.exec(line) ?? [];
    if (name !== undefined) found[name] = entry = {};
    else if (key !== undefined) entry[key] = scalar(value!);
    else throw new Error(`Unexpected line in action.yml: ${line}`);
  }
  return found;
}

/** A YAML scalar: in single quotes, or a word. */
function scalar(value: string): string {
  if (/^'(?:[^']|'')*'$/.test(value)) return value.slice(1, -1).replaceAll("''", "'");
  expect(value).toMatch(/^[a-z0-9]+$/);
  return value;
}

describe('action.yml', () => {
  it('declares the inputs of the code, in their order, with their defaults', () => {
    const declared = Object.entries(section('inputs')).map(([name, entry]) => [name, entry.default ?? '']);
    expect(declared).toEqual(Object.entries(declaredDefaults));
  });

  it('requires the inputs that every command needs', () => {
    const entries = Object.entries(section('inputs'));
    const required = entries.filter(([, entry]) => entry.required === 'true').map(([name]) => name);
    expect(required).toEqual(['archive', 'staging']);
  });

  it('declares every output', () => {
    expect(Object.keys(section('outputs'))).toEqual([
      'matrix',
      'count',
      'plan',
      'archived',
      'open',
      'unalerted',
      'invalid',
      'objects-written',
      'complete',
      'oldest-open',
      'issue',
      'manifest-result',
      'error-code',
    ]);
  });

  it('ends the description of an input with its default', () => {
    for (const [name, entry] of Object.entries(section('inputs'))) {
      if (entry.default === undefined || name === 'github-token') continue;
      expect(entry.description, name).toMatch(new RegExp(` Default: \`${RegExp.escape(entry.default)}\`\\.$`));
    }
  });

  it('says which command sets an output', () => {
    for (const [name, { description }] of Object.entries(section('outputs')))
      expect(description, name).toMatch(/ Set by (every command|`[a-z]+`(, `[a-z]+`)*)\.$/);
  });

  it('describes each input and output', () => {
    for (const [name, { description, ...rest }] of ['inputs', 'outputs'].flatMap((each) =>
      Object.entries(section(each)),
    )) {
      expect(description, name).toMatch(/^[A-Z`].{20,}\.$/);
      expect(['default', 'required']).toEqual(expect.arrayContaining(Object.keys(rest)));
    }
  });

  it('runs the bundle', () => {
    expect(text).toContain('\nruns:\n  using: node24\n  main: dist/index.js\n');
    expect(text).toMatch(/^name: Message Archive\ndescription: .{20,125}\nauthor: .+\nbranding:\n/);
  });
});
