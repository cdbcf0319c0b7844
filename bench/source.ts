import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inputDefaults } from '../src/inputs/defaults.ts';
import { runAction } from './action.ts';
import type { Finished } from './process.ts';

const cli = join(import.meta.dirname, '..', 'demo', 'source', 'cli.ts');

/** The `as-of` of the action and of its requests. */
export const asOf = '2025-07-01T00:00:00Z';
/** Seed of the demo source. */
export const seed = 1;

/** Messages of the demo source in `[from, to)`, both ISO dates. */
export interface Range {
  readonly from: string;
  readonly to: string;
  readonly messages: number;
}

export const oneWindow: Range = { from: '2024-05-17', to: '2024-07-16', messages: 12_000 };
/** As many messages as in ten windows, in one slot. */
export const oneSlot: Range = { from: '2024-06-01', to: '2024-07-01', messages: 120_000 };

/** A demo source in its own process. */
export interface BenchSource {
  readonly url: string;
  readonly token: string;
  /** Returns the bytes of all pages sent. */
  bytesSent(): Promise<number>;
  close(): Promise<void>;
}

/** Starts the demo source with the messages of a range. */
export async function startSource({ from, to, messages }: Range): Promise<BenchSource> {
  const token = 'bench';
  const options = { seed, port: 0, from, to, messages, token };
  const parameters = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, [cli, ...parameters, '--with-parent'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { url } = JSON.parse(line) as { url: string };
  return {
    url,
    token,
    async bytesSent() {
      const response = await fetch(new URL('/requests', url), { headers: { authorization: `Bearer ${token}` } });
      return ((await response.json()) as { bytes: number }).bytes;
    },
    async close() {
      child.kill();
      await once(child, 'close');
    },
  };
}

/** Runs the action to archive a range from the source into a folder. */
export async function archiveSource(source: BenchSource, range: Range, folder: string): Promise<Finished> {
  await mkdir(folder, { recursive: true });
  return runAction({ ...sourceInputs(source, range, folder), command: 'run' });
}

/** Returns the action's inputs for a source, a range and a folder. */
export function sourceInputs(source: BenchSource, { from, to }: Range, folder: string): Record<string, string> {
  return {
    from,
    to,
    'as-of': asOf,
    archive: `file:${join(folder, 'archive')}`,
    staging: `sqlite:${join(folder, 'staging.sqlite')}`,
    'api-url': source.url,
    'api-token': source.token,
    'api-time-format': 'iso',
    'api-query': `${inputDefaults['api-query']}&as_of=${asOf}`,
  };
}
