import * as core from '@actions/core';
import { keepSecret, masked } from '../../text/secrets.ts';
import type { Log } from '../ports.ts';
import { asOwn, shown } from './output.ts';

/**
 * What a run says and leaves for the steps after it: on GitHub in its own ways, elsewhere as plain lines. Whatever a text holds,
 * it is one line, no command of the runner but the host's own, and shows no secret.
 */
export interface Host extends Log {
  /** The run's address for people, where there is one. */
  readonly runId: string | undefined;
  readonly runUrl: string | undefined;
  /** Keeps a secret out of the log, the outputs and the summary. */
  mask(secret: string): void;
  setOutputs(outputs: Readonly<Record<string, string>>): void;
  /** Adds Markdown to the job's summary. */
  addSummary(markdown: string): Promise<void>;
  /** Ends the run as failed, with one annotation. */
  fail(message: string): void;
}

/** @param environment as the runner sets it up */
export function githubHost(environment: Readonly<Record<string, string | undefined>>): Host {
  const { GITHUB_ACTIONS, GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, GITHUB_RUN_ID, GITHUB_SERVER_URL, GITHUB_REPOSITORY } =
    environment;
  const isGitHub = GITHUB_ACTIONS === 'true';
  const line = (text: string) => asOwn(() => core.info(shown(text)));
  const say = (annotate: (text: string) => void, word: string) => (text: string) =>
    isGitHub ? asOwn(() => annotate(shown(text))) : line(`${word}: ${text}`);
  return {
    runId: GITHUB_RUN_ID,
    runUrl: GITHUB_RUN_ID && `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`,
    line,
    warning: say(core.warning, 'Warning'),
    error: say(core.error, 'Error'),
    mask(secret) {
      keepSecret(secret);
      if (isGitHub) asOwn(() => core.setSecret(secret));
    },
    setOutputs(outputs) {
      if (GITHUB_OUTPUT) for (const [name, value] of Object.entries(outputs)) core.setOutput(name, masked(value));
    },
    async addSummary(markdown) {
      if (GITHUB_STEP_SUMMARY) await core.summary.addRaw(masked(markdown)).write();
    },
    fail(message) {
      process.exitCode = 1;
      say(core.error, 'Error')(message);
    },
  };
}
