import { spawnSync } from 'node:child_process';
import { chown, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../src/errors.ts';
import { installed } from '../programs/cache.ts';
import { runCommand } from '../programs/commands.ts';
import { type Account, freePorts, type Service, startService } from '../programs/processes.ts';
import { javaHome } from './java.ts';

/** A release of a search engine: the real server with few modules, as it is published for the tests of plug-ins. */
export interface SearchRelease {
  /** For people. */
  readonly product: 'Elasticsearch' | 'OpenSearch';
  /** The name of its folder, its program and its artifact. */
  readonly name: 'elasticsearch' | 'opensearch';
  /** The group of its artifact on Maven. */
  readonly group: string;
  /** How the variables begin that its program reads. */
  readonly variables: 'ES' | 'OPENSEARCH';
  readonly version: string;
  readonly javaMajorMin: number;
  readonly heap: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** A release that is installed, and the JDK that it runs on. */
export interface SearchHome {
  readonly release: SearchRelease;
  readonly folder: string;
  readonly java: string;
}

const copyGoal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';
/** The quick compiler alone starts sooner; measurements need the other one, too. */
const quickStart = '-XX:TieredStopAtLevel=1';

export async function installSearch(release: SearchRelease): Promise<SearchHome> {
  const { name: program, group, version, javaMajorMin } = release;
  const java = await javaHome(javaMajorMin);
  const name = `${program}-${version}`;
  const folder = await installed(name, async (partial) => {
    const artifact = `${group}:${program}:${version}:zip`;
    const parameters = ['--batch-mode', '--quiet', copyGoal, `-Dartifact=${artifact}`, `-DoutputDirectory=${partial}`];
    await runCommand({ program: 'mvn', parameters, remedy: 'install Maven', folder: partial });
    await unzip(join(partial, `${name}.zip`), partial);
  });
  return { release, folder: join(folder, name), java };
}

async function unzip(file: string, folder: string): Promise<void> {
  await runCommand({
    program: 'python3',
    parameters: ['-m', 'zipfile', '-e', file, folder],
    remedy: 'install Python 3',
  });
  await rm(file);
}

/**
 * Starts a node without security on free ports, with its data, settings and logs in `folder`.
 * @param isMeasured whether it runs as fast as it can, instead of starting soon
 */
export async function startSearch(
  { release, ...home }: SearchHome,
  folder: string,
  isMeasured = false,
): Promise<{ url: string; service: Service }> {
  const { product, name, variables, version } = release;
  const account = unprivileged(product);
  const [http, transport] = await freePorts(2);
  const program = await reachable(home.folder, folder, account);
  const java = await reachable(home.java, folder, account);
  await copyConfig(join(home.folder, 'config'), join(folder, 'config'));
  await mkdir(join(folder, 'tmp'));
  if (account !== undefined) await give(folder, account);
  const settings = {
    'discovery.type': 'single-node',
    'network.host': '127.0.0.1',
    'http.port': http,
    'transport.port': transport,
    'path.data': join(folder, 'data'),
    'path.logs': join(folder, 'logs'),
    'cluster.routing.allocation.disk.threshold_enabled': 'false',
    ...release.settings,
  };
  const memory = `-Xms${release.heap} -Xmx${release.heap}`;
  const url = `http://127.0.0.1:${http}`;
  const service = await startService({
    name: `${product} ${version}`,
    program: 'bash',
    parameters: [join(program, 'bin', name), ...flags(settings)],
    variables: {
      [`${variables}_JAVA_HOME`]: java,
      [`${variables}_JAVA_OPTS`]: isMeasured ? memory : `${memory} ${quickStart}`,
      [`${variables}_PATH_CONF`]: join(folder, 'config'),
      [`${variables}_TMPDIR`]: join(folder, 'tmp'),
      HOME: folder,
    },
    readyUrl: `${url}/_cluster/health?wait_for_status=yellow&timeout=1s`,
    isReady: (status) => status === 200,
    log: join(folder, 'output.log'),
    account,
  });
  return { url, service };
}

/** Copies the settings, without the options by which the JVM writes logs below the program's own folder. */
async function copyConfig(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
  const path = join(to, 'jvm.options');
  const lines = (await readFile(path, 'utf8')).split('\n');
  await writeFile(path, lines.filter((line) => !/[=:]logs\//.test(line)).join('\n'));
}

function flags(settings: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-E', `${name}=${value}`]);
}

/** The servers refuse to run as root: then they run as nobody. */
function unprivileged(product: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout);
  const account = { uid: id('-u'), gid: id('-g') };
  if (account.uid > 0 && account.gid > 0) return account;
  throw new UserError(
    'file-unwritable',
    `${product} does not run as root, and there is no user nobody: run this as another user.`,
  );
}

/** A folder that the account can read: the folder itself, or else a copy. */
async function reachable(path: string, folder: string, account: Account | undefined): Promise<string> {
  if (account === undefined || mayRead(join(path, 'lib'), account)) return path;
  const copy = join(folder, path.replaceAll('/', '_'));
  await cp(path, copy, { recursive: true });
  return copy;
}

function mayRead(path: string, account: Account): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -r "$0" -a -x "$0"', path], { cwd: '/', ...account }).status === 0;
}

async function give(folder: string, { uid, gid }: Account): Promise<void> {
  await chown(folder, uid, gid);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chown(join(entry.parentPath, entry.name), uid, gid);
  }
}
