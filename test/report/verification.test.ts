import fc from 'fast-check';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { summaryBytesMax } from '../../src/report/summary.ts';
import { summarizeVerification, type Verification } from '../../src/report/verification.ts';

const matching: Verification = {
  archive: 's3://bucket/messages',
  slots: 30,
  objects: 24,
  messages: 12_345,
  bytes: 1_200_000_000,
  differences: [],
};

describe('the summary of a verification', () => {
  it('says what was read back', () => {
    expect(summarizeVerification(matching)).toBe(`## Message Archive: ✅ verified

24 objects with 12,345 messages (1.2 GB) in \`s3://bucket/messages\` were read back and compared with the ledger (30 slots). They match.
`);
  });

  it('names every difference', () => {
    expect(
      summarizeVerification({ ...matching, differences: ['The object a is missing: restore it.', 'B: c.'] }),
    ).toBe(`## Message Archive: ❌ does not match its ledger

24 objects with 12,345 messages (1.2 GB) in \`s3://bucket/messages\` were read back and compared with the ledger (30 slots).

**2 differences**: fix them, then verify again.

- \`The object a is missing: restore it.\`
- \`B: c.\`
`);
  });

  it('has a bounded size', () => {
    const differences = Array.from({ length: 500 }, (_, n) => `${n} ${'\u{1f600}'.repeat(900)}`);
    const summary = summarizeVerification({ ...matching, differences });
    expect(summary).toContain('**500 differences**');
    expect(summary.trimEnd().split('\n').at(-1)).toBe('- and 450 more differences: see the log');
    expect(Buffer.byteLength(summary)).toBeLessThan(summaryBytesMax / 4);
  });

  it('escapes hostile names', () => {
    const hostile = fc.string({ unit: fc.constantFrom(...'`|\\\n @#<>&*_[]()!:/a-~='), maxLength: 40 });
    fc.assert(
      fc.property(hostile, hostile, (archive, path) => {
        const differences = [`The object ${path}<script> @someone is no slot's.`];
        const summary = summarizeVerification({ ...matching, archive, differences });
        const html = marked.parse(summary, { gfm: true, async: false });
        expect(html.replaceAll(/<code>[^<]*<\/code>/g, '')).not.toMatch(/someone|<(script|img|a|em)\b/);
        expect([...html.matchAll(/<li>/g)].length).toBe(1);
      }),
      { numRuns: 50 },
    );
  });
});
