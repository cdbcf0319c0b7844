import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** An accessibility rule that a page violates, and the first elements that do. */
export interface Violation {
  readonly rule: string;
  readonly at: readonly string[];
}

/** Returns the rules that the page violates in its current state, except those in `without`. */
export async function violations(page: Page, without: readonly string[] = []): Promise<Violation[]> {
  const rules = Object.fromEntries(without.map((rule) => [rule, { enabled: false }]));
  const options: RunOptions = { runOnly: tags, rules };
  await page.evaluate(source);
  const results: AxeResults = await page.evaluate(`axe.run(${JSON.stringify(options)})`);
  return results.violations.map(({ id, nodes }) => ({ rule: id, at: nodes.slice(0, 3).map(({ html }) => html) }));
}
