import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Holds the path of the browser. */
export const browserVariable = 'MESSAGE_ARCHIVE_BROWSER';

/**
 * The browser that was found for these tests.
 * @throws Error where none was: a test of the page never passes without one
 */
function launch(): Promise<Browser> {
  const executablePath = process.env[browserVariable];
  if (!executablePath) throw new Error(`${browserVariable} is not set: start these tests with \`npm run test:page\`.`);
  return chromium.launch({ executablePath, args: ['--disable-gpu', '--disable-quic'] });
}

/** A page that was opened from a file, and all that went wrong or left the page while it was used. */
export interface Opened {
  readonly page: Page;
  readonly complaints: readonly string[];
  /** The addresses asked for, but for the page's own. */
  readonly requests: readonly string[];
}

/** A folder of pages. */
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

  /** Opens the text as a page, from a file, as a person would who has only that file. */
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
