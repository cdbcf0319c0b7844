import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../src/errors.ts';
import { runCommand } from '../programs/commands.ts';
import { ToolError } from '../programs/errors.ts';

const names = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser'];
const elsewhere = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];
const askMs = 30_000;
const quiet = { DEBIAN_FRONTEND: 'noninteractive' };

/**
 * Returns the path of Chrome or Chromium: CHROME_PATH, else one on the PATH, else Debian's package, which root installs.
 * @throws ToolError if there is none and it cannot be installed
 */
export async function browserPath(): Promise<string> {
  const given = process.env.CHROME_PATH;
  if (given) {
    if (await answers(given)) return given;
    throw new ToolError(`CHROME_PATH is ${given}, which does not run. Set it to the path of Chrome or Chromium.`);
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
  if (process.getuid?.() !== 0) throw missing('');
  console.log('page  chromium: installing (once)');
  const apt = { program: 'apt-get', remedy: 'it comes with Debian and Ubuntu', variables: quiet };
  try {
    await runCommand({ ...apt, parameters: ['update'] });
    await runCommand({ ...apt, parameters: ['install', '-y', 'chromium'] });
  } catch (error) {
    throw missing(
      `, and installing the package chromium failed (${error instanceof ToolError ? error.message : messageOf(error)})`,
    );
  }
  const installed = await machineBrowser();
  if (installed === undefined) throw missing(', and the one in the package chromium does not run');
  return installed;
}

function missing(more: string): ToolError {
  return new ToolError(`Chrome or Chromium was not found${more}. Install one, or set CHROME_PATH to its path.`);
}
