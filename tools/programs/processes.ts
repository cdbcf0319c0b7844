import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../src/errors.ts';

const readyMs = 180_000;
const askEveryMs = 100;
const askMs = 5_000;
const logLines = 40;

/** An account of the machine. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface Start {
  /** For people: `Elasticsearch 9.5.0`. */
  readonly name: string;
  readonly program: string;
  readonly parameters: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** Any HTTP answer to a GET of it that is `isReady` says that the service can be used. */
  readonly readyUrl: string;
  readonly isReady: (status: number) => boolean;
  /** Gets what the service prints. */
  readonly log: string;
  /** Whom it runs as, where not as ourselves. */
  readonly account?: Account | undefined;
}

/** A service that runs, in a process group of its own. */
export interface Service {
  readonly name: string;
  readonly pid: number;
  /** Ends it at once: its data are thrown away anyway. */
  stop(): Promise<void>;
  /** Lets it outlive us. */
  leave(): void;
}

/**
 * Starts a service and waits until it answers. It ends with this process at the latest, however that ends.
 * @throws UserError with the end of its log, where it ends or does not answer within 3 minutes
 */
export async function startService(start: Start): Promise<Service> {
  const { name, program, parameters, variables, log, account } = start;
  const output = openSync(log, 'a');
  const child = spawn(program, parameters, {
    cwd: '/',
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...variables },
    stdio: ['ignore', output, output],
    detached: true,
    ...account,
  });
  const failure = once(child, 'exit').then(
    ([code, signal]) => `ended with ${code ?? signal}`,
    (error: Error) => `does not start (${error.message})`,
  );
  const kill = () => killGroup(child);
  process.prependOnceListener('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await failure;
  };
  const problem = await Promise.race([failure, unanswered(start, failure)]);
  if (problem !== undefined) {
    await stop();
    throw new UserError(`${name} ${problem}; the end of its log:\n${tail(log)}`);
  }
  const leave = () => {
    process.off('exit', kill);
    child.unref();
  };
  return { name, pid: child.pid!, stop, leave };
}

/** Ends a child that was started `detached`, and all that it started. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Ports of the loopback interface that nobody listens on, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map(portOf);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A server without a port.');
  return address.port;
}

async function unanswered(start: Start, failure: Promise<string>): Promise<string | undefined> {
  let ended = false;
  void failure.then(() => {
    ended = true;
  });
  const untilMs = performance.now() + readyMs;
  while (!ended && performance.now() < untilMs) {
    if (await answers(start)) return undefined;
    await delay(askEveryMs);
  }
  return ended ? failure : `does not answer within ${readyMs / 60_000} minutes`;
}

async function answers({ readyUrl, isReady }: Start): Promise<boolean> {
  try {
    const response = await fetch(readyUrl, { signal: AbortSignal.timeout(askMs) });
    await response.arrayBuffer();
    return isReady(response.status);
  } catch {
    return false;
  }
}

function tail(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-logLines).join('\n');
}
