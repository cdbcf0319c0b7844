import fc from 'fast-check';
import type { Html } from '../../../src/report/page/html.ts';

const references: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };

/** Returns the text of markup: each piece between two tags. */
export function textOf({ text }: Html): string[] {
  return text
    .split(/<[^>]*>/)
    .map((piece) => piece.replaceAll(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => references[name]!).trim())
    .filter((piece) => piece !== '');
}

/** Returns the cells of the body rows of all tables in the markup. */
export function rowsOf({ text }: Html): string[][] {
  const bodies = [...text.matchAll(/<tbody>([\s\S]*?)<\/tbody>/g)].map(([, body]) => body!);
  return bodies.flatMap((body) =>
    [...body.matchAll(/<tr[\s\S]*?<\/tr>/g)].map(([row]) =>
      [...row.matchAll(/<t[hd][^>]*>([\s\S]*?)<\/t[hd]>/g)].map(([, cell]) => textOf({ text: cell! }).join(' ')),
    ),
  );
}

/** Any text, including invalid Unicode. */
export const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0xffff })), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units));
