import fc from 'fast-check';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { whys } from '../../src/report/page/coverage.ts';
import type { Layout } from '../../src/windows/slot.ts';
import {
  completeArchive,
  daily,
  monthly,
  pageOf,
  planOf,
  recordOf,
  slotsOfYears,
  stagedOf,
  troubledArchive,
} from '../report/page/archives.ts';
import { testServer } from '../support/http-server.ts';
import { violations } from './axe.ts';
import { Pages } from './browser.ts';

let pages: Pages;
beforeAll(async () => {
  pages = await Pages.open();
});
afterEach(() => pages.closePages());
afterAll(() => pages.close());

const troubled = pageOf(troubledArchive(monthly));
const days = pageOf(troubledArchive(daily));
const tenDays: Layout = { windowDays: 10, partitionBy: 'month' };
const slots = slotsOfYears(monthly);
const wide = { viewport: { width: 1280, height: 800 } };
const narrow = { viewport: { width: 360, height: 740 } };
const looks: readonly (readonly [string, BrowserContextOptions])[] = [
  ['wide and light', { ...wide, colorScheme: 'light' }],
  ['wide and dark', { ...wide, colorScheme: 'dark' }],
  ['narrow and light', { ...narrow, colorScheme: 'light' }],
  ['narrow and dark', { ...narrow, colorScheme: 'dark' }],
];

function sidewaysPx(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Returns the label or text of the focused element. */
function focused(page: Page): Promise<string | null | undefined> {
  return page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent);
}

async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
  }
  throw new Error(`The tab key does not reach ${selector}.`);
}

describe.each(looks)('the coverage page, %s', (_, look) => {
  it('is accessible and fits the width, with the panel closed and open', async () => {
    const { page, complaints, requests } = await pages.show(troubled, { ...look, reducedMotion: 'reduce' });
    await page.getByText('Show as a table').click();
    await page.getByText('2026: 2 slots').click();
    expect(await violations(page)).toEqual([]);
    expect(await sidewaysPx(page)).toBe(0);
    await page.locator('.calendar .failed').first().click();
    expect(await page.getByRole('dialog').isVisible()).toBe(true);
    expect(await violations(page)).toEqual([]);
    expect(await sidewaysPx(page)).toBe(0);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
  });

  it('is accessible with small squares, whose records have larger links', async () => {
    const { page, complaints } = await pages.show(pageOf(troubledArchive(tenDays)), look);
    expect(await page.locator('.calendar.dense a').count()).toBe(slotsOfYears(tenDays).length);
    expect(await violations(page, ['target-size'])).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('fits the width with seven years of daily slots', async () => {
    const { page, complaints } = await pages.show(days, look);
    expect(await page.locator('.calendar.dense a').count()).toBe(slotsOfYears(daily).length);
    expect(await sidewaysPx(page)).toBe(0);
    expect(complaints).toEqual([]);
  });
});

it('the coverage page begins with the verdict', async () => {
  const bad = await pages.show(troubled);
  expect(await bad.page.getByRole('heading', { level: 1 }).textContent()).toBe('The archive is incomplete');
  const good = await pages.show(pageOf(completeArchive(monthly)));
  expect(await good.page.getByRole('heading', { level: 1 }).textContent()).toBe('The archive is complete');
  expect(await good.page.title()).toBe('complete: s3://company-archive/messages · Message Archive');
});

it('states are distinguishable without colour', async () => {
  const { page } = await pages.show(troubled);
  const marks = await page.evaluate(() =>
    ['complete', 'live', 'incomplete', 'failed', 'empty'].map((state) => {
      const mark = document.querySelector(`.calendar .${state}`)!;
      const { borderStyle, backgroundImage } = getComputedStyle(mark);
      const sign = getComputedStyle(mark, '::before').content;
      return `${borderStyle} ${backgroundImage === 'none' ? 'plain' : 'striped'} ${sign}`;
    }),
  );
  expect(new Set(marks).size).toBe(5);
});

describe('by keyboard', () => {
  it('a person reaches the calendar, a record, its neighbours, and returns', async () => {
    const { page, complaints } = await pages.show(troubled, wide);
    await tabTo(page, '.calendar a');
    expect(await focused(page)).toMatch(/^1 to 31 January 2026|^\d+ to 31 January 2026: live/);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('.calendar'))).toBeNull();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Control+Home');
    expect(await focused(page)).toMatch(/^January 2019: /);
    await page.keyboard.press('ArrowRight');
    expect(await focused(page)).toMatch(/^1 to 12 February 2019: /);
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toMatch(/February 2020: /);
    await page.keyboard.press('End');
    expect(await focused(page)).toMatch(/December 2020: /);
    await page.keyboard.press('ArrowUp');
    expect(await focused(page)).toMatch(/December 2019: /);
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowLeft');
    expect(await focused(page)).toMatch(/^January 2019: /);

    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'January 2019' });
    expect(await dialog.isVisible()).toBe(true);
    expect(await page.getByRole('button', { name: 'Earlier' }).isDisabled()).toBe(true);
    await tabTo(page, 'button:last-child');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('dialog', { name: '1 to 12 February 2019' }).isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await focused(page)).toMatch(/^1 to 12 February 2019: /);
    expect(complaints).toEqual([]);
  });

  it('closing the panel returns to the link that opened it', async () => {
    const { page } = await pages.show(troubled, wide);
    await tabTo(page, '.headline a[href^="#"]');
    const name = await focused(page);
    await page.keyboard.press('Enter');
    expect(await page.getByRole('dialog', { name: name! }).isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await focused(page)).toBe(name);
  });
});

describe('the panel of a slot', () => {
  it('shows the ledger record', async () => {
    const { page } = await pages.show(troubled, wide);
    await page.locator('.calendar .failed').first().click();
    const text = await page.getByRole('dialog').textContent();
    for (const line of [
      `failed: ${whys.failed}`,
      'unavailable after 7 attempts (503). Check that the service is up, then re-run. [source-unavailable] (15 January 2026, 03:17 UTC, run)',
      'Elasticsearch',
      'messages-20210202T000000Z-20210301T000000Z.parquet',
      'd1'.repeat(32),
      '2.3 s',
    ])
      expect(text).toContain(line);
    const run = page.getByRole('dialog').getByRole('link', { name: '1234567890' });
    expect(await run.getAttribute('href')).toBe('https://github.com/octo/archive/actions/runs/1234567890');
  });

  it('opens from a URL with its fragment', async () => {
    const { page, complaints } = await pages.show(troubled, wide, '#slot-2021-02-02');
    expect(await page.getByRole('dialog', { name: '2 to 28 February 2021' }).isVisible()).toBe(true);
    expect(complaints).toEqual([]);
  });
});

describe('without JavaScript', () => {
  it('calendar links lead to the record in its table', async () => {
    const { page, complaints } = await pages.show(troubled, { ...wide, javaScriptEnabled: false });
    const row = page.locator('#slot-2021-02-02');
    expect(await row.isVisible()).toBe(false);
    await page.getByRole('link', { name: /^2 to 28 February 2021: failed/ }).click();
    await row.waitFor({ state: 'visible' });
    expect(await row.textContent()).toContain('unavailable after 7 attempts');
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('the chart is available as a table', async () => {
    const { page } = await pages.show(troubled, { ...narrow, javaScriptEnabled: false });
    await page.getByText('Show as a table').click();
    expect(await page.getByRole('region', { name: 'Messages by month, as a table' }).getByRole('row').count()).toBe(
      1 + 85,
    );
  });
});

describe('hostile text', () => {
  const hostile = [
    '<script>globalThis.pwned = 1</script>',
    '</title></style></script><script>globalThis.pwned = 1</script>',
    '"><img src="https://example.com/x.png" onerror="globalThis.pwned = 1">',
    "' onfocus='globalThis.pwned = 1' autofocus='",
    '<svg/onload=globalThis.pwned=1>',
    '<!--',
    ']]>&lt;b&gt;&#60;i&#62;',
    ...fc.sample(fc.string({ unit: fc.constantFrom(...'<>/&"\'=`!-;# abcscript'), minLength: 1, maxLength: 40 }), {
      numRuns: 12,
      seed: 7,
    }),
  ];

  it('is shown as text', async () => {
    const staged = hostile.map((text) => stagedOf(slots[3]!, text, { open_alerts: [text] }));
    const ledger = slots.map((slot, n) => {
      const text = hostile[n % hostile.length]!;
      const last_error = {
        code: 'source-unavailable' as const,
        at: '2026-01-15T00:00:00.000Z',
        message: text,
        run_url: `javascript:globalThis.pwned=1//${text}`,
      };
      return recordOf(slot, {
        run_id: text,
        run_url: `https://example.com/${text}`,
        version: text,
        digest: text,
        last_error,
      });
    });
    const archive = completeArchive(monthly, { archive: `file:${hostile[0]}`, staged, ledger, planned: planOf(slots) });
    const { page, complaints, requests } = await pages.show(pageOf(archive), wide);
    await page.locator('.calendar a').first().click();
    expect(await page.getByRole('dialog').locator('dd').allTextContents()).toContain(hostile[0]);
    const ids = await page.locator('table.oldest tbody th').allTextContents();
    expect(ids.toSorted()).toEqual(hostile.toSorted());
    expect(await page.locator('header code').textContent()).toBe(`file:${hostile[0]}`);
    expect(await page.locator('script, img, iframe, object, embed').count()).toBe(1);
    expect(await page.locator('a[href^="javascript"]').count()).toBe(0);
    expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
  });

  it('is harmless even as markup, because of the content security policy', async () => {
    const server = await testServer((response) => response.end());
    const { href } = server.url;
    const markup = `<script>globalThis.pwned = 1</script><img src="${href}" onerror="globalThis.pwned = 2">`;
    const { page, complaints } = await pages.show(troubled.replace('<main>', `<main>${markup}`));
    expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false);
    expect(complaints.filter((text) => text.includes('Content Security Policy'))).toHaveLength(3);
    expect(server.requests).toEqual([]);
  });
});

it('the panel is not animated with prefers-reduced-motion', async () => {
  const animation = async (reducedMotion: 'reduce' | 'no-preference') => {
    const { page } = await pages.show(troubled, { ...wide, reducedMotion }, '#slot-2021-02-02');
    return page.getByRole('dialog').evaluate((dialog) => getComputedStyle(dialog).animationName);
  };
  expect(await animation('no-preference')).toBe('enter');
  expect(await animation('reduce')).toBe('none');
});

it('the coverage page prints in black on white, without the panel', async () => {
  const { page } = await pages.show(troubled, { ...wide, colorScheme: 'dark' }, '#slot-2021-02-02');
  expect(await page.locator('dialog').isVisible()).toBe(true);
  await page.emulateMedia({ media: 'print' });
  expect(await page.locator('dialog').isVisible()).toBe(false);
  const { ground, ink } = await page.evaluate(() => {
    const { backgroundColor, color } = getComputedStyle(document.body);
    return { ground: backgroundColor, ink: color };
  });
  expect([ground, ink]).toEqual(['rgb(255, 255, 255)', 'rgb(27, 34, 41)']);
});
