import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/windows/interval.ts';
import { slotsIn } from '../../../src/windows/slot.ts';
import {
  type Archive,
  completeArchive,
  daily,
  monthly,
  now,
  pageOf,
  planOf,
  recordOf,
  slotsOfYears,
  stagedOf,
  troubledArchive,
} from './archives.ts';
import { anyText } from './text.ts';

/** Returns the tags with the names of their attributes, without any text. */
function skeleton(page: string): string[] {
  return [...page.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replaceAll(/"[^"]*"/g, '""'));
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64');

/** Returns a small archive with the text in every field that comes from outside. */
function archiveWith(text: string): Archive {
  const some = slotsIn({ start: Date.parse('2024-01-01'), end: Date.parse('2024-03-01') }, monthly);
  const last_error = {
    at: instant(now),
    code: 'source-unavailable' as const,
    message: text,
    run_url: `https://example.com/${text}`,
  };
  const staged = some.map((slot) => stagedOf(slot, text, { open_alerts: [text], removed_at: instant(now) }));
  const ledger = some.map((slot) =>
    recordOf(slot, { digest: text, version: text, run_id: text, run_url: `https://example.com/${text}`, last_error }),
  );
  return completeArchive(monthly, { archive: text, ledger, staged, planned: planOf(some) });
}

describe('the coverage page', () => {
  it('is deterministic', () => {
    expect(pageOf(troubledArchive(monthly))).toBe(pageOf(troubledArchive(monthly)));
  });

  it('escapes everything that comes from outside', () => {
    const plain = skeleton(pageOf(archiveWith('text')));
    const hostile = fc.oneof(
      fc.constantFrom(
        '<script>',
        '</script>',
        '"><img src=x>',
        "' onclick='",
        '<!--',
        '&lt;',
        '</title>',
        'javascript:',
      ),
      anyText,
    );
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 4 }), (texts) => {
        expect(skeleton(pageOf(archiveWith(texts.join(''))))).toEqual(plain);
      }),
      { numRuns: 60 },
    );
  });

  it('allows only its own style and script', () => {
    const page = pageOf(troubledArchive(monthly));
    const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)!;
    const [, style] = /<style>([\s\S]*?)<\/style>/.exec(page)!;
    const [, script] = /<script>([\s\S]*?)<\/script>/.exec(page)!;
    expect(policy!.replaceAll('&#39;', "'").split('; ')).toEqual([
      "default-src 'none'",
      `style-src 'sha256-${sha256(style!)}'`,
      `script-src 'sha256-${sha256(script!)}'`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
    ]);
    expect(page).not.toMatch(/<(?:link|img|script|iframe)[^>]* (?:src|href)="(?!data:)/);
    expect(page).not.toMatch(/ (?:style|on\w+)="/);
  });

  it('has a target for every internal link', () => {
    const page = pageOf(troubledArchive(daily));
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, link]) => link);
    expect(links.filter((link) => !ids.has(link))).toEqual([]);
  });

  it('stays below 4 MiB with seven years of daily slots and 50,000 pending messages', () => {
    const slots = slotsOfYears(daily);
    const staged = Array.from({ length: 50_000 }, (_, n) =>
      stagedOf(slots[n % slots.length]!, `${n}-${'x'.repeat(900)}`),
    );
    const page = pageOf(troubledArchive(daily, { staged }));
    expect(Buffer.byteLength(page)).toBeLessThan(4 * 1024 * 1024);
  });

  it('works for an empty archive', () => {
    const page = pageOf(completeArchive(monthly, { ledger: [], planned: [] }));
    expect(page).toContain('No slots have been read yet.');
    expect(page).toContain('No messages are pending.');
  });
});
