import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { json, text } from 'node:stream/consumers';
import { DemoFailure } from './failure.ts';
import { DEFAULT_TOKEN } from './source/options.ts';

/** Ground truth about a message as of one instant. */
export interface SourceTruth {
  readonly id: string | null;
  /** In µs since 1970. */
  readonly timestamp: number;
  readonly state: 'closed' | 'open' | 'unalerted' | 'invalid';
  /** SHA-256 of the message's JSON bytes, in hexadecimal. */
  readonly sha256: string;
}

const program = join(import.meta.dirname, 'source', 'cli.ts');

/** The demo's message source, in a process of its own. */
export class SourceProcess {
  /** URL of its pages. */
  readonly url: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;

  private constructor(url: string, child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.url = url;
    this.#child = child;
  }

  /** @throws DemoFailure with the source's own error if it does not start */
  static async start(options: readonly string[]): Promise<SourceProcess> {
    const child = spawn(process.execPath, [program, '--with-parent', ...options], { stdio: 'pipe' });
    const error = text(child.stderr);
    for await (const line of child.stdout) {
      return new SourceProcess(JSON.parse(String(line)).url, child);
    }
    throw new DemoFailure(`The message source did not start: ${(await error).trim()}`);
  }

  /** Returns the bytes of all pages sent so far. */
  async bytesSent(): Promise<number> {
    const { bytes } = (await json((await this.#get('/requests')).body!)) as { bytes: number };
    return bytes;
  }

  /** Returns all messages visible as of an instant. */
  async truth(asOf: string): Promise<SourceTruth[]> {
    const lines = await (await this.#get(`/truth?as_of=${asOf}`)).text();
    return lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  /** Ends the process. */
  close(): void {
    this.#child.stdin.end();
  }

  async #get(path: string): Promise<Response> {
    const response = await fetch(new URL(path, this.url), { headers: { authorization: `Bearer ${DEFAULT_TOKEN}` } });
    if (response.ok) return response;
    throw new DemoFailure(`The message source responded ${response.status} to ${path}.`, await response.text());
  }
}
