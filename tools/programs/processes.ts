import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ToolError } from './errors.ts';

const readyMs = 180_000;
const pollMs = 100;
const requestMs = 5_000;
const logLines = 40;

/** A user account. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface Start {
  /** Display name, such as `Elasticsearch 9.5.0`. */
  readonly name: string;
  readonly program: string;
  readonly parameters: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** The service is ready once a GET of this URL returns a status that satisfies `isReady`. */
  readonly readyUrl: string;
  readonly isReady: (status: number) => boolean;
  /** File for the service's output. */
  readonly log: string;
  /** The account to run it as; default: the current one. */
  readonly account?: Account | undefined;
}

/** A running service in its own process group. */
export interface Service {
  readonly name: string;
  readonly pid: number;
  /** Kills it: its data is discarded anyway. */
  stop(): Promise<void>;
  /** Lets it outlive this process. */
  leave(): void;
}

/**
 * Starts a service and waits until it is ready. It stops at the latest with this process, however that ends.
 * @throws ToolError with the end of its log if it exits or is not ready within 3 minutes
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
    ([code, signal]) => `exited with ${code ?? signal}`,
    (error: Error) => `did not start (${error.message})`,
  );
  const kill = () => killGroup(child);
  process.prependOnceListener('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await failure;
  };
  const problem = await Promise.race([failure, unready(start, failure)]);
  if (problem !== undefined) {
    await stop();
    throw new ToolError(`${name} ${problem}. The end of its log:\n${tail(log)}`);
  }
  const leave = () => {
    process.off('exit', kill);
    child.unref();
  };
  return { name, pid: child.pid!, stop, leave };
}

/** Kills a child that was started `detached`, with all its descendants. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Returns distinct free ports of the loopback interface. */
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

async function unready(start: Start, failure: Promise<string>): Promise<string | undefined> {
  let ended = false;
  void failure.then(() => {
    ended = true;
  });
  const untilMs = performance.now() + readyMs;
  while (!ended && performance.now() < untilMs) {
    if (await responds(start)) return undefined;
    await delay(pollMs);
  }
  return ended ? failure : `was not ready within ${readyMs / 60_000} minutes`;
}

async function responds({ readyUrl, isReady }: Start): Promise<boolean> {
  try {
    const response = await fetch(readyUrl, { signal: AbortSignal.timeout(requestMs) });
    await response.arrayBuffer();
    return isReady(response.status);
  } catch {
    return false;
  }
}

function tail(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-logLines).join('\n');
}
