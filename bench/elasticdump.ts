import { join } from 'node:path';
import { installed } from '../tools/programs/cache.ts';
import { runCommand } from '../tools/programs/commands.ts';
import { type Finished, finish } from './process.ts';

/** With the AWS SDK of before it takes more than 100 MB: that is why it is no dependency. */
export const elasticdumpVersion = '6.125.1';

/** Found to be fastest here: pages of some 15 MB. */
const pageHits = 500;

/** Returns the program. */
export async function installElasticdump(): Promise<string> {
  const name = `elasticdump-${elasticdumpVersion}`;
  const folder = await installed(name, async (partial) => {
    const flags = ['--prefix', partial, '--ignore-scripts', '--no-audit', '--no-fund'];
    const parameters = ['install', ...flags, `elasticdump@${elasticdumpVersion}`];
    await runCommand({ program: 'npm', parameters, remedy: 'install npm', folder: partial });
  });
  return join(folder, 'node_modules', 'elasticdump', 'bin', 'elasticdump');
}

/**
 * Writes what a query finds as plain lines to a file, in the order in which Elasticsearch gives it out fastest.
 * @param query as Elasticsearch takes it
 */
export function dump(program: string, url: string, index: string, query: object, file: string): Promise<Finished> {
  const options = {
    input: `${url}/${index}`,
    inputTransport: join(import.meta.dirname, 'elasticdump-input.ts'),
    output: file,
    searchBody: JSON.stringify({ query, sort: ['_doc'] }),
    limit: pageHits,
    throttleInterval: 0,
  };
  const parameters = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  return finish(process.execPath, [program, ...parameters, '--sourceOnly', '--overwrite', '--quiet'], {});
}
