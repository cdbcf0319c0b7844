import { join } from 'node:path';
import { installed } from '../tools/programs/cache.ts';
import { runCommand } from '../tools/programs/commands.ts';
import { type Finished, finish } from './process.ts';

/** Not a dependency because it takes more than 100 MB, with the previous AWS SDK. */
export const elasticdumpVersion = '6.125.1';

/** The fastest page size of 100 to 2,000 hits: about 15 MB. */
const pageHits = 500;

/** Its settings, for people. */
export const dumpSettings = `scroll in index order, ${pageHits} messages per page, no throttling, sources only, as lines of a file`;

/** Installs elasticdump. Returns its path. */
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
 * Writes the results of a query to a file, one line each, in the order that is fastest for Elasticsearch.
 * @param query an Elasticsearch query
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
