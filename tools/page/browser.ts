import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, UserError } from '../../src/errors.ts';
import { runCommand } from '../programs/commands.ts';

const names = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser'];
const elsewhere = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];
const askMs = 30_000;
const quiet = { DEBIAN_FRONTEND: 'noninteractive' };

/**
 * The path of a Chrome or Chromium: the one that CHROME_PATH names, else the machine's own, else Debian's, which root installs.
 * @throws UserError where none can be had
 */
export async function browserPath(): Promise<string> {
  const given = process.env.CHROME_PATH;
  if (given) {
    if (await answers(given)) return given;
    throw new UserError(`CHROME_PATH names ${given}, which does not run: point it at a Chrome or Chromium.`);
  }
  return (await machineBrowser()) ?? (await installBrowser());
}

async function machineBrowser(): Promise<string | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = [...names.flatMap((name) => folders.map((folder) => join(folder, name))), ...elsewhere];
  for (const path of paths) if (await answers(path)) return path;
  return undefined;
}

async function answers(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    await promisify(execFile)(path, ['--version'], { timeout: askMs });
    return true;
  } catch {
    return false;
  }
}

async function installBrowser(): Promise<string> {
  if (process.getuid?.() !== 0) throw lacking('');
  console.log('page  chromium: installing, once');
  const apt = { program: 'apt-get', remedy: 'it is how Debian and Ubuntu install', variables: quiet };
  try {
    await runCommand({ ...apt, parameters: ['update'] });
    await runCommand({ ...apt, parameters: ['install', '-y', 'chromium'] });
  } catch (error) {
    throw lacking(`, and the package chromium cannot be installed (${messageOf(error)})`);
  }
  const installed = await machineBrowser();
  if (installed === undefined) throw lacking(', and the package chromium brought none that runs');
  return installed;
}

function lacking(more: string): UserError {
  return new UserError(
    `A Chrome or Chromium is needed, and there is none${more}: install one, or point CHROME_PATH at one.`,
  );
}
