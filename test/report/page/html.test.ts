import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, link, shown, trusted } from '../../../src/report/page/html.ts';
import { anyText } from './text.ts';

const marks: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };

/** Returns text with the character references of escaping resolved. */
function read(text: string): string {
  return text.replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (reference) => marks[reference]!);
}

describe('html', () => {
  it('escapes any text without loss', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { text: made } = html`<p title="${text}">${text}</p>`;
        const [, title, content] = /^<p title="([^"<>]*)">([^<>]*)<\/p>$/.exec(made)!;
        expect([read(title!), read(content!)]).toEqual([text, text]);
      }),
    );
  });

  it('inserts markup, lists and numbers, and nothing for undefined', () => {
    expect(html`<b>${html`<i>${'<'}</i>`}${[1, html`<u></u>`, ['&']]}${undefined}</b>`.text).toBe(
      '<b><i>&lt;</i>1<u></u>&amp;</b>',
    );
    expect(html`<style>${trusted('a > b {}')}</style>`.text).toBe('<style>a > b {}</style>');
  });
});

describe('link', () => {
  it('links to HTTP URLs', () => {
    expect(link('https://example.com/?a=1&b="2"', 'run <1>').text).toBe(
      '<a href="https://example.com/?a=1&amp;b=&quot;2&quot;" rel="noreferrer">run &lt;1&gt;</a>',
    );
  });

  it.each(['javascript:alert(1)', ' JavaScript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'run 7', ''])(
    'does not link to %j',
    (address) => {
      expect(link(address, 'run').text).toBe('run');
    },
  );
});

describe('shown', () => {
  it('keeps visible characters', () => {
    expect(shown('<a&b> "ü" 漢字 👍 \\', 100)).toBe('<a&b> "ü" 漢字 👍 \\');
  });

  it('escapes characters that are invisible, end a line or change the direction', () => {
    expect(shown('a\nb\u0000c\u202ed\u200be\ud800f\u2028', 100)).toBe(
      'a\\u{a}b\\u{0}c\\u{202e}d\\u{200b}e\\u{d800}f\\u{2028}',
    );
  });

  it('cuts between characters, never within one', () => {
    expect(shown('👍👍👍', 3)).toBe('👍👍👍');
    expect(shown('👍👍👍👍', 3)).toBe('👍👍👍…');
    expect(shown('abcd', 3)).toBe('abc…');
    expect(shown('x'.repeat(1_000_000), 5)).toBe('xxxxx…');
  });
});
