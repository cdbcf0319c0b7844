import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pageOf } from '../report/page/archives.ts';
import { sampleArchive } from '../report/page/sample.ts';
import { Pages } from './browser.ts';

/** The environment variable with the path to write the picture to. If it is unset, the picture is only taken. */
const pathVariable = 'MESSAGE_ARCHIVE_PICTURE';
const bytesMax = 250_000;

let pages: Pages;
beforeAll(async () => {
  pages = await Pages.open();
});
afterAll(() => pages.close());

it('the picture of the README shows a sample archive and is small', async () => {
  const look: BrowserContextOptions = { viewport: { width: 1280, height: 1000 }, colorScheme: 'light' };
  const { page, complaints } = await pages.show(pageOf(sampleArchive()), look);
  const picture = await page.screenshot({ animations: 'disabled' });
  expect(complaints).toEqual([]);
  expect(picture.length).toBeLessThan(bytesMax);
  const path = process.env[pathVariable];
  if (path === undefined) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, picture);
});
