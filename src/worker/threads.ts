import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Transferable } from 'node:worker_threads';
import pLimit from 'p-limit';
import workerpool from 'workerpool';

type Pool = ReturnType<typeof workerpool.pool>;

const file = import.meta.url.endsWith('.ts') ? './tasks.ts' : './worker.js';

/**
 * Worker threads, at most `concurrency` at a time. A thread whose task failed or was aborted is terminated, since a
 * WebAssembly module must not be used after a panic.
 */
export class Threads {
  readonly concurrency: number;
  readonly #idle: Pool[] = [];
  readonly #limit: ReturnType<typeof pLimit>;

  constructor(concurrency: number = availableParallelism()) {
    this.concurrency = concurrency;
    this.#limit = pLimit(concurrency);
  }

  /**
   * Runs a task of tasks.ts.
   * @param transfer buffers and ports to transfer to the thread
   * @throws the task's error, or the signal's reason if it is aborted
   */
  run<Result>(
    task: string,
    parameters: unknown[],
    transfer: Transferable[] = [],
    signal?: AbortSignal,
  ): Promise<Result> {
    return this.#limit(async () => {
      const thread = this.#idle.pop() ?? start();
      try {
        const aborted = signal && rejection(signal);
        const running = thread.exec(task, parameters, { transfer }) as unknown as Promise<Result>;
        const result = await (aborted ? Promise.race([running, aborted]) : running);
        this.#idle.push(thread);
        return result;
      } catch (error) {
        thread.terminate(true).catch(() => undefined);
        throw error;
      }
    });
  }

  /** Terminates the threads. No task may be running. */
  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((thread) => thread.terminate(true)));
  }
}

function start(): Pool {
  return workerpool.pool(fileURLToPath(new URL(file, import.meta.url)), {
    maxWorkers: 1,
    workerType: 'thread',
  });
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
