import { spawnSync } from 'node:child_process';
import { chown, cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../src/errors.ts';
import { installed } from '../programs/cache.ts';
import { runCommand } from '../programs/commands.ts';
import { type Account, freePorts, type Service, startService } from '../programs/processes.ts';
import { javaHome } from './java.ts';

export interface ElasticsearchRelease {
  readonly version: string;
  readonly javaMajorMin: number;
}

/** Both majors that are in use. */
export const elasticsearch8: ElasticsearchRelease = { version: '8.19.21', javaMajorMin: 17 };
export const elasticsearch9: ElasticsearchRelease = { version: '9.5.0', javaMajorMin: 21 };

const copyGoal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';

const memoryOptions = '-Xms1g -Xmx1g';
/** Starts sooner with the quick compiler alone; what is measured takes the other one too. */
const soonOptions = '-XX:TieredStopAtLevel=1';

/** Where a release and the JDK it runs on lie. */
export interface ElasticsearchHome {
  readonly release: ElasticsearchRelease;
  readonly folder: string;
  readonly java: string;
}

/** The real server with few modules, as Elastic publishes it for the tests of plug-ins. */
export async function installElasticsearch(release: ElasticsearchRelease): Promise<ElasticsearchHome> {
  const java = await javaHome(release.javaMajorMin);
  const name = `elasticsearch-${release.version}`;
  const folder = await installed(name, async (partial) => {
    const artifact = `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${release.version}:zip`;
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
 * Starts a node without security on free ports, its data, settings and logs in `folder`.
 * @param isMeasured whether it is to run as fast as it can, rather than to start soon
 */
export async function startElasticsearch(
  home: ElasticsearchHome,
  folder: string,
  isMeasured = false,
): Promise<{ url: string; service: Service }> {
  const account = unprivileged();
  const [http, transport] = await freePorts(2);
  const program = await reachable(home.folder, folder, account);
  const java = await reachable(home.java, folder, account);
  await cp(join(home.folder, 'config'), join(folder, 'config'), { recursive: true });
  await mkdir(join(folder, 'tmp'));
  if (account !== undefined) await give(folder, account);
  const settings = {
    'discovery.type': 'single-node',
    'xpack.security.enabled': 'false',
    'network.host': '127.0.0.1',
    'http.port': http,
    'transport.port': transport,
    'path.data': join(folder, 'data'),
    'path.logs': join(folder, 'logs'),
    'cluster.routing.allocation.disk.threshold_enabled': 'false',
  };
  const url = `http://127.0.0.1:${http}`;
  const service = await startService({
    name: `Elasticsearch ${home.release.version}`,
    program: 'bash',
    parameters: [join(program, 'bin', 'elasticsearch'), ...flags(settings)],
    variables: {
      ES_JAVA_HOME: java,
      ES_JAVA_OPTS: isMeasured ? memoryOptions : `${memoryOptions} ${soonOptions}`,
      ES_PATH_CONF: join(folder, 'config'),
      ES_TMPDIR: join(folder, 'tmp'),
      HOME: folder,
    },
    readyUrl: `${url}/_cluster/health?wait_for_status=yellow&timeout=1s`,
    isReady: (status) => status === 200,
    log: join(folder, 'output.log'),
    account,
  });
  return { url, service };
}

function flags(settings: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-E', `${name}=${value}`]);
}

/** Elasticsearch refuses to run as root: then it runs as nobody. */
function unprivileged(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout);
  const account = { uid: id('-u'), gid: id('-g') };
  if (account.uid > 0 && account.gid > 0) return account;
  throw new UserError('Elasticsearch does not run as root, and there is no user nobody: run this as another user.');
}

/** A folder as the account can read it: itself, or else a copy. */
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
