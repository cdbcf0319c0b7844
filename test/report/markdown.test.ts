import fc from 'fast-check';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { code, document, idCode, link, type Part, plain } from '../../src/report/markdown.ts';

/** Characters that end a span, a line or a cell, start markup, or are invisible. */
const nasty = fc.string({
  unit: fc.constantFrom(...'`|\\\n\r\t @#<>&*_[]()!:/ab-\u0000\u202e\u2066\ufeff\u200b\u2028~=', '😀', '\ud800'),
  maxLength: 60,
});

/** Returns the HTML tags that a parser of GitHub's Markdown produces. */
function tagsOf(markdown: string): string[] {
  const html = marked.parse(markdown, { gfm: true, async: false });
  return [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag);
}

describe('untrusted text', () => {
  it.each([
    ['@someone, see #12', '`@someone, see #12`'],
    ['a `b` c', "`a 'b' c`"],
    ['``', "`''`"],
    ['two\r\n\r\n lines', '`two lines`'],
    ['<script>alert(1)</script>', '`<script>alert(1)</script>`'],
    ['turned \u202e round\u0000', '`turned \ufffd round\ufffd`'],
    ['half \ud800', '`half \ufffd`'],
    ['', '(empty)'],
    [' \n ', '(empty)'],
  ])('code turns %j into %s', (text, expected) => {
    expect(code(text, 100)).toBe(expected);
  });

  it('is cut to a number of characters, never within one', () => {
    expect(code('abcdefghij', 10)).toBe('`abcdefghij`');
    expect(code('abcdefghijk', 10)).toBe('`abcdefghij…`');
    expect(code('😀'.repeat(11), 10)).toBe(`\`${'😀'.repeat(10)}…\``);
    expect(plain('a\nbcd', 3)).toBe('a b…');
    expect(idCode('|'.repeat(11), 10)).toBe(`\`${'\\u007c'.repeat(10)}…\``);
  });

  it.each([
    ['4d4e68a8-7767', '`4d4e68a8-7767`'],
    ['a|b`c\\d', '`a\\u007cb\\u0060c\\\\d`'],
    ['a\nb\u202ec', '`a\\u000ab\\u202ec`'],
    ['\u{e0001}', '`\\udb40\\udc01`'],
    ['', '(empty)'],
  ])('idCode turns %j into %s', (id, expected) => {
    expect(idCode(id, 100)).toBe(expected);
  });

  it('never becomes markup, a link or a mention', () => {
    fc.assert(
      fc.property(nasty, nasty, (text, id) => {
        const item = `- slot: ${code(text, 40)} (end)`;
        expect(tagsOf(item).filter((tag) => !/^<\/?(ul|li|code)>$/.test(tag))).toEqual([]);
        expect(item.split('`').length).toBe(item.includes('(empty)') ? 1 : 3);
        const table = `| a | b |\n|---|---|\n| ${idCode(id, 40)} | after |`;
        expect(tagsOf(table).filter((tag) => tag === '<td>').length).toBe(2);
        expect(tagsOf(table).filter((tag) => !/^<\/?(table|thead|tbody|tr|th|td|code)>$/.test(tag))).toEqual([]);
      }),
    );
  });
});

describe('link', () => {
  it('links to an HTTP URL', () => {
    expect(link('run', 'https://github.com/a/b/actions/runs/1?x=%20')).toBe(
      '[run](https://github.com/a/b/actions/runs/1?x=%20)',
    );
  });

  it.each([
    undefined,
    '',
    'javascript:alert(1)',
    'https://example.com/a b',
    'https://example.com/)[x](y',
    'https://example.com/<b>',
    `https://example.com/${'a'.repeat(500)}`,
  ])('returns the words alone for %s', (url) => {
    expect(link('run', url)).toBe('run');
  });
});

describe('document', () => {
  const part = (rows: readonly string[], more: Partial<Part> = {}): Part => ({
    head: ['Head:', ''],
    rows,
    rest: (count) => `and ${count} more`,
    ...more,
  });

  it('joins parts in order with a blank line between them', () => {
    expect(document([{ head: ['# One'] }, part(['- a', '- b'])], 1000)).toBe('# One\n\nHead:\n\n- a\n- b\n');
  });

  it('counts rows beyond rowsMax', () => {
    expect(document([part(['a', 'b', 'c'], { rowsMax: 2 })], 1000)).toBe('Head:\n\na\nb\nand 1 more\n');
    expect(document([part(['a', 'b'], { rowsMax: 2 })], 1000)).toBe('Head:\n\na\nb\n');
  });

  it('counts rows that do not fit, and keeps later parts', () => {
    const rows = Array.from({ length: 100 }, (_, n) => `- row ${n}`);
    const text = document([part(rows), { head: ['The end.'] }], 100);
    expect(text).toMatch(/- row 0\n(- row \d+\n)+and \d+ more\n\nThe end\.\n$/);
  });

  it('never exceeds bytesMax', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'é', '😀', ' '), maxLength: 30 });
    const anyPart = fc.record({
      head: fc.array(line, { minLength: 1, maxLength: 4 }),
      rows: fc.array(line, { maxLength: 20 }),
      rest: fc.constantFrom((count: number) => `and ${count} more`),
    });
    fc.assert(
      fc.property(fc.array(anyPart, { maxLength: 6 }), fc.integer({ min: 1, max: 1500 }), (parts, bytesMax) => {
        const text = document(parts, bytesMax);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytesMax);
        const all = parts
          .flatMap(({ head, rows }) => [...head, ...rows])
          .reduce((sum, one) => sum + Buffer.byteLength(one) + 1, 0);
        const isAll = all + parts.length * 20 <= bytesMax;
        if (isAll) expect(text).not.toMatch(/and \d+ more/);
      }),
    );
  });
});
