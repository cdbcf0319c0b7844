import { browserVariable } from '../../test/page/browser.ts';
import { isExpected } from '../programs/errors.ts';
import { exitOnSignals } from '../programs/signals.ts';
import { runVitest } from '../programs/vitest.ts';
import { browserPath } from './browser.ts';

/** Finds or installs a browser and runs the coverage page's tests in it. All arguments are passed to vitest. */
exitOnSignals();
try {
  const variables = { [browserVariable]: await browserPath() };
  process.exit(await runVitest('page', process.argv.slice(2), variables));
} catch (error) {
  console.error(isExpected(error) ? error.message : error);
  process.exit(1);
}
