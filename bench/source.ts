import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const cli = join(import.meta.dirname, '..', 'demo', 'source', 'cli.ts');

/** A demo source in a process of its own. */
export interface BenchSource {
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

/** Starts the demo source with so many messages spread over `[from, to)`. */
export async function startSource(from: string, to: string, messages: number): Promise<BenchSource> {
  const token = 'bench';
  const parameters = [
    '--seed',
    '1',
    '--port',
    '0',
    '--from',
    from,
    '--to',
    to,
    '--messages',
    String(messages),
    '--token',
    token,
    '--with-parent',
  ];
  const child = spawn(process.execPath, [cli, ...parameters], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { url } = JSON.parse(line) as { url: string };
  return {
    url,
    token,
    async close() {
      child.kill();
      await once(child, 'close');
    },
  };
}
