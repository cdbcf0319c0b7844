import * as core from '@actions/core';
import type { Log } from './ports.ts';

/** What a run says and leaves for the steps after it: on GitHub in its own ways, elsewhere as plain lines. */
export interface Host extends Log {
  /** The run's address for people, where there is one. */
  readonly runId: string | undefined;
  readonly runUrl: string | undefined;
  /** Keeps a secret out of the log. */
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
  const say = (annotate: (text: string) => void, word: string) => (text: string) =>
    isGitHub ? annotate(text) : core.info(`${word}: ${text}`);
  return {
    runId: GITHUB_RUN_ID,
    runUrl: GITHUB_RUN_ID && `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`,
    line: core.info,
    warning: say(core.warning, 'Warning'),
    error: say(core.error, 'Error'),
    mask(secret) {
      if (isGitHub) core.setSecret(secret);
    },
    setOutputs(outputs) {
      if (GITHUB_OUTPUT) for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value);
    },
    async addSummary(markdown) {
      if (GITHUB_STEP_SUMMARY) await core.summary.addRaw(markdown).write();
    },
    fail(message) {
      process.exitCode = 1;
      say(core.error, 'Error')(message);
    },
  };
}
