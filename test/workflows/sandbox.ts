import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { act, type Event, type Outcome } from './act.ts';
import { actionRepository, actionTag, makeActionRepository, makeRepository } from './repository.ts';

/** Replacements for third-party actions, as the workflows pin them. */
const standIns: Readonly<Record<string, string>> = {
  'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1': join(import.meta.dirname, 'stand-ins', 'checkout'),
  'actions/setup-node@820762786026740c76f36085b0efc47a31fe5020': join(import.meta.dirname, 'stand-ins', 'setup-node'),
};

type SandboxEvent = Omit<Event, 'repository' | 'actions'> & {
  /** Repository of the event, as `owner/name`. Default: the action's own. */
  readonly in?: string;
};

/** Runs workflows of the action's repository and of repositories that call it. */
export class Sandbox {
  readonly folder: string;
  readonly #repositories: Map<string, string>;

  private constructor(folder: string, action: string) {
    this.folder = folder;
    this.#repositories = new Map([[actionRepository, action]]);
  }

  static async make(): Promise<Sandbox> {
    const folder = await mkdtemp(join(tmpdir(), 'message-archive-workflows-'));
    return new Sandbox(folder, await makeActionRepository(join(folder, 'action')));
  }

  /** Adds a repository with one workflow. */
  async add(name: string, workflow: string, text: string): Promise<void> {
    const files = { [`.github/workflows/${workflow}`]: text };
    this.#repositories.set(name, await makeRepository(join(this.folder, name), name, files));
  }

  run({ in: name = actionRepository, env, ...event }: SandboxEvent): Promise<Outcome> {
    const repositories = JSON.stringify(Object.fromEntries(this.#repositories));
    return act(
      {
        ...event,
        repository: this.#repositories.get(name)!,
        env: { ...env, STAND_IN_REPOSITORIES: repositories },
        actions: {
          ...standIns,
          [`${actionRepository}@${actionTag}`]: this.#repositories.get(actionRepository)!,
        },
      },
      this.folder,
    );
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
