import * as core from '@actions/core';
import { codeOf, describeError, exitCodeOf } from '../../errors.ts';
import { keepSecret, masked } from '../../text/secrets.ts';
import type { Log } from '../ports.ts';
import { asOwn, shown } from './output.ts';

/**
 * The log, outputs and summary of a run: on GitHub as annotations and files, elsewhere as plain lines. Every text becomes one
 * line without secrets and without commands to the runner, except the host's own.
 */
export interface Host extends Log {
  /** GitHub's id of the run; undefined elsewhere. */
  readonly runId: string | undefined;
  /** The URL of the run for people; undefined if it has none. */
  readonly runUrl: string | undefined;
  /** Registers a secret to be masked in the log, the outputs and the summary. */
  mask(secret: string): void;
  setOutputs(outputs: Readonly<Record<string, string>>): void;
  /** Adds Markdown to the job's summary. */
  addSummary(markdown: string): Promise<void>;
  /** Sets the exit code and the output `error-code`, and logs the error with its code as an annotation. */
  fail(error: unknown): void;
}

/** @param environment the process's variables, as the runner sets them */
export function githubHost(environment: Readonly<Record<string, string | undefined>>): Host {
  const { GITHUB_ACTIONS, GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, GITHUB_RUN_ID, GITHUB_SERVER_URL, GITHUB_REPOSITORY } =
    environment;
  const isGitHub = GITHUB_ACTIONS === 'true';
  const line = (text: string) => asOwn(() => core.info(shown(text)));
  const say = (annotate: (text: string) => void, word: string) => (text: string) =>
    isGitHub ? asOwn(() => annotate(shown(text))) : line(`${word}: ${text}`);
  const setOutputs = (outputs: Readonly<Record<string, string>>) => {
    if (GITHUB_OUTPUT) for (const [name, value] of Object.entries(outputs)) core.setOutput(name, masked(value));
  };
  const error = say(core.error, 'Error');
  return {
    runId: GITHUB_RUN_ID,
    runUrl: GITHUB_RUN_ID && `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`,
    line,
    warning: say(core.warning, 'Warning'),
    error,
    mask(secret) {
      keepSecret(secret);
      if (isGitHub) asOwn(() => core.setSecret(secret));
    },
    setOutputs,
    async addSummary(markdown) {
      if (GITHUB_STEP_SUMMARY) await core.summary.addRaw(masked(markdown)).write();
    },
    fail(thrown) {
      process.exitCode = exitCodeOf(thrown);
      setOutputs({ 'error-code': codeOf(thrown) });
      error(describeError(thrown));
    },
  };
}
