import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { killGroup } from '../../tools/programs/processes.ts';
import { type Job, jobsOf, lineOf, readEntries } from './act-log.ts';
import { programs } from './programs.ts';

type Texts = Readonly<Record<string, string>>;

/** An event of a repository, with the context that GitHub would provide. */
export interface Event {
  readonly name: 'schedule' | 'workflow_dispatch' | 'workflow_call' | 'push';
  /** The repository's folder. */
  readonly repository: string;
  /** File name of the workflow that it starts, in `.github/workflows`. */
  readonly workflow: string;
  /** The only job to run, with those that it needs. */
  readonly job?: string;
  readonly inputs?: Texts;
  /** Variables of the repository. */
  readonly vars?: Texts;
  readonly secrets?: Texts;
  /** Variables of the runner. */
  readonly env?: Texts;
  /** Folders that replace actions or reusable workflows, by `owner/name@ref`. */
  readonly actions?: Texts;
}

/** Result of an event. */
export interface Outcome {
  readonly code: number;
  /** One per job and per leg of a matrix, in the order in which they started. */
  readonly jobs: readonly Job[];
  /** Everything that people see. */
  readonly log: string;
}

/** Anything that takes longer hangs, even on a slow machine. */
const actMsMax = 540_000;

/**
 * Runs an event with act, on this machine without containers, with caches in `folder`. Legs run one after another, because act accepts
 * no expression for `max-parallel`.
 */
export async function act(event: Event, folder: string): Promise<Outcome> {
  const home = join(folder, 'home');
  await mkdir(home, { recursive: true });
  // JavaScript actions run with the first `node` on the path.
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const child = spawn(programs().act, parametersOf(event, folder), {
    cwd: event.repository,
    env: { PATH: path, HOME: home, LANG: 'C.UTF-8', ...event.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    timeout: actMsMax,
  });
  const stopWithUs = () => killGroup(child);
  process.prependOnceListener('exit', stopWithUs);
  try {
    const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    const entries = readEntries(`${out}${error}`);
    return { code: code ?? 1, jobs: jobsOf(entries), log: entries.map(lineOf).join('\n') };
  } finally {
    process.off('exit', stopWithUs);
  }
}

function parametersOf(event: Event, folder: string): string[] {
  const { name, workflow, job, inputs, vars, secrets, env = {}, actions } = event;
  const pairs = (flag: string, texts: Texts = {}) =>
    Object.entries(texts).flatMap(([key, value]) => [flag, `${key}=${value}`]);
  // act sets these itself, and would overwrite what it inherits.
  const github = Object.fromEntries(Object.entries(env).filter(([key]) => /^(GITHUB|ACTIONS|RUNNER)_/.test(key)));
  return [
    name,
    '--json',
    '--no-cache-server',
    '--rm',
    ...['--action-cache-path', join(folder, 'actions')],
    ...['--platform', 'ubuntu-latest=-self-hosted'],
    ...['--workflows', join('.github', 'workflows', workflow)],
    ...(job === undefined ? [] : ['--job', job]),
    ...pairs('--input', inputs),
    ...pairs('--var', vars),
    ...pairs('--secret', secrets),
    ...pairs('--env', github),
    ...pairs('--local-repository', actions),
  ];
}
