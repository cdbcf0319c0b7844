import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { json, text } from 'node:stream/consumers';
import { DemoFailure } from './failure.ts';
import { DEFAULT_TOKEN } from './source/options.ts';

/** What the source knows of a message that it shows as of one instant. */
export interface SourceTruth {
  readonly id: string | null;
  /** In µs since 1970. */
  readonly timestamp: number;
  readonly state: 'closed' | 'open' | 'unalerted' | 'invalid';
  /** Of the message's JSON bytes, in hexadecimal. */
  readonly sha256: string;
}

const program = join(import.meta.dirname, 'source', 'cli.ts');

/** The demo's source of messages, as a process of its own. */
export class SourceProcess {
  /** Where its pages are. */
  readonly url: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;

  private constructor(url: string, child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.url = url;
    this.#child = child;
  }

  /** @throws DemoFailure where it does not start, with its own sentence */
  static async start(options: readonly string[]): Promise<SourceProcess> {
    const child = spawn(process.execPath, [program, '--with-parent', ...options], { stdio: 'pipe' });
    const complaint = text(child.stderr);
    for await (const line of child.stdout) {
      return new SourceProcess(JSON.parse(String(line)).url, child);
    }
    throw new DemoFailure(`The source does not start: ${(await complaint).trim()}`);
  }

  /** Bytes of pages that it has sent so far. */
  async bytesSent(): Promise<number> {
    const { bytes } = (await json((await this.#get('/requests')).body!)) as { bytes: number };
    return bytes;
  }

  /** All messages that it shows as of an instant. */
  async truth(asOf: string): Promise<SourceTruth[]> {
    const lines = await (await this.#get(`/truth?as_of=${asOf}`)).text();
    return lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  /** Lets it end. */
  close(): void {
    this.#child.stdin.end();
  }

  async #get(path: string): Promise<Response> {
    const answer = await fetch(new URL(path, this.url), { headers: { authorization: `Bearer ${DEFAULT_TOKEN}` } });
    if (answer.ok) return answer;
    throw new DemoFailure(`The source answered ${answer.status} to ${path}.`, await answer.text());
  }
}
