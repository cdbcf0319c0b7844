import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorKinds } from '../src/errors.ts';

const root = join(import.meta.dirname, '..', 'src');
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort()
  .map((file) => ({ file: file.replaceAll('\\', '/'), text: readFileSync(join(root, file), 'utf8') }));

interface Call {
  readonly file: string;
  readonly name: string;
  /** As source text, without quotes where an argument is one literal. */
  readonly parts: readonly string[];
}

/** The classes of errors for people: UserError, and its subclasses. */
function errorClasses(): Set<string> {
  const classes = new Set(['UserError']);
  for (let size = 0; size < classes.size; ) {
    size = classes.size;
    for (const { text } of sources)
      for (const [, name, base] of text.matchAll(/class (\w+) extends (\w+)/g))
        if (classes.has(base!)) classes.add(name!);
  }
  return classes;
}

/** The end of the string, template or bracket that begins at an index. */
function endOf(text: string, start: number): number {
  const open = text[start]!;
  const isText = /['"`]/.test(open);
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at]!;
    if (char === '\\') at += 1;
    else if (isText && char === open) return at + 1;
    else if (open === '`' && char === '$' && text[at + 1] === '{') at = endOf(text, at + 1) - 1;
    else if (!isText && /['"`([{]/.test(char)) at = endOf(text, at) - 1;
    else if (!isText && /[)\]}]/.test(char)) return at + 1;
  }
  throw new Error(`Nothing closes the ${open} at ${start}.`);
}

/** The arguments of a call whose opening bracket is at an index, as source text on one line each. */
function argumentsAt(text: string, open: number): string[] {
  const end = endOf(text, open) - 1;
  const found: string[] = [];
  let start = open + 1;
  for (let at = start; at <= end; at += 1) {
    if (at === end || text[at] === ',') {
      found.push(text.slice(start, at).replaceAll(/\s+/g, ' ').trim());
      start = at + 1;
    } else if (/['"`([{]/.test(text[at]!)) at = endOf(text, at) - 1;
  }
  return found.filter((argument) => argument !== '');
}

function unquoted(argument: string): string {
  const isLiteral = /^['"`]/.test(argument) && endOf(argument, 0) === argument.length;
  return isLiteral ? argument.slice(1, -1).replaceAll(/\\(['"`])/g, '$1') : argument;
}

function calls(pattern: RegExp): Call[] {
  return sources.flatMap(({ file, text }) =>
    [...text.matchAll(pattern)]
      .filter(({ index }) => !/^\s*(?:\*|\/\/)/.test(text.slice(text.lastIndexOf('\n', index) + 1, index)))
      .map((match) => {
        const parts = argumentsAt(text, match.index + match[0].length - 1).map(unquoted);
        return { file, name: match[1]!, parts };
      }),
  );
}

const errors = calls(new RegExp(`\\bnew (${[...errorClasses()].join('|')})\\(`, 'g'));
const isCode = (part: string | undefined) => part !== undefined && Object.hasOwn(errorKinds, part);

/** One line for each error: its code, its text, and the file that throws it. */
function lineOf({ file, name, parts }: Call): string {
  const [first, ...rest] = parts;
  const code = isCode(first) ? first : name === 'UserError' ? '(computed)' : `(${name})`;
  return `${code}: ${(isCode(first) || /code$/.test(first ?? '') ? rest : parts).join(' · ')} — ${file}`;
}

describe('the prose of errors', () => {
  it('is reviewed as a whole', async () => {
    const inputs = calls(/\b(given\.refuse|new Refusal)\(/g).map(({ file, name, parts }) => {
      const [input, ...rest] = name === 'given.refuse' ? parts : ['(input)', ...parts];
      return `input-invalid: ${input}: ${rest.join(' · ')} — ${file}`;
    });
    const accepted = sources.flatMap(({ file, text }) =>
      [...text.matchAll(/\baccepted(?:: | =\n? *)(?=\s*['"`])\s*/g)].map((match) => {
        const start = match.index + match[0].length;
        return `input-invalid: (accepted): ${unquoted(text.slice(start, endOf(text, start)))} — ${file}`;
      }),
    );
    const adapters = sources.filter(({ file }) => file.startsWith('io/'));
    const faults = adapters.flatMap(({ file, text }) =>
      [...text.matchAll(/\b(?:reason|remedy): (?=['"`])|\bremedy:\n\s*(?=['"`])/g)].map((match) => {
        const start = match.index + match[0].length;
        return `(part) ${match[0].trim()} ${unquoted(text.slice(start, endOf(text, start)))} — ${file}`;
      }),
    );
    const lines = [...errors.map(lineOf), ...inputs, ...accepted, ...faults].toSorted();
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('errors.prose.txt');
  });

  it('uses every code', () => {
    const elsewhere = sources.filter(({ file }) => file !== 'errors.ts').map(({ text }) => text);
    const own = sources.find(({ file }) => file === 'errors.ts')!.text.split('export class UserError')[1]!;
    const all = [...elsewhere, own].join('\n');
    const unused = Object.keys(errorKinds).filter((code) => !all.includes(`'${code}'`));
    expect(unused).toEqual([]);
  });

  it('belongs to a code each', () => {
    const withoutCode = errors.filter(({ name, parts }) => name === 'UserError' && parts.length === 1);
    expect(withoutCode.map(lineOf)).toEqual([]);
  });
});
