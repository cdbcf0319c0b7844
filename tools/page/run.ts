import { messageOf, UserError } from '../../src/errors.ts';
import { browserVariable } from '../../test/page/browser.ts';
import { exitOnSignals } from '../programs/signals.ts';
import { runVitest } from '../programs/vitest.ts';
import { browserPath } from './browser.ts';

/** Finds a browser, or installs one, and looks at the coverage page with it. All arguments go to vitest. */
exitOnSignals();
try {
  const variables = { [browserVariable]: await browserPath() };
  process.exit(await runVitest('page', process.argv.slice(2), variables));
} catch (error) {
  console.error(error instanceof UserError ? messageOf(error) : error);
  process.exit(1);
}
