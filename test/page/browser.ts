import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** The environment variable with the path of the browser. */
export const browserVariable = 'MESSAGE_ARCHIVE_BROWSER';

/**
 * Launches the browser.
 * @throws Error if there is none: tests of the page are never skipped
 */
function launch(): Promise<Browser> {
  const executablePath = process.env[browserVariable];
  if (!executablePath) throw new Error(`${browserVariable} is not set: run these tests with \`npm run test:page\`.`);
  return chromium.launch({ executablePath, args: ['--disable-gpu', '--disable-quic'] });
}

/** A page opened from a file, with the errors and requests it has caused so far. */
export interface Opened {
  readonly page: Page;
  readonly complaints: readonly string[];
  /** Requested URLs, except the page's own. */
  readonly requests: readonly string[];
}

/** A browser that opens pages from a temporary folder. */
export class Pages {
  readonly #browser: Browser;
  readonly #folder: string;

  private constructor(browser: Browser, folder: string) {
    this.#browser = browser;
    this.#folder = folder;
  }

  static async open(): Promise<Pages> {
    return new Pages(await launch(), await mkdtemp(join(tmpdir(), 'message-archive-page-')));
  }

  /** Writes the text to a file and opens it, as a person would who has only this file. */
  async show(text: string, options: BrowserContextOptions = {}, fragment = ''): Promise<Opened> {
    const path = join(this.#folder, 'index.html');
    await writeFile(path, text);
    const context = await this.#browser.newContext(options);
    const page = await context.newPage();
    const complaints: string[] = [];
    const requests: string[] = [];
    const url = `${pathToFileURL(path)}${fragment}`;
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:')) requests.push(request.url());
    });
    await page.goto(url);
    return { page, complaints, requests };
  }

  async closePages(): Promise<void> {
    for (const context of this.#browser.contexts()) await context.close();
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
