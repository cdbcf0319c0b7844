import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installAwsTools } from '../../tools/services/aws-tools.ts';
import { endpoints } from './endpoints.ts';

const root = join(import.meta.dirname, '..', '..');
const outputBytesMax = 16 * 1024 * 1024;
const { awscli, cfnlint } = await installAwsTools();
const lint = 'import cfnlint.runner; cfnlint.runner.main()';

/** The programs of the user's machine, which know nothing of it but moto. */
const variables = {
  PATH: process.env.PATH,
  AWS_ENDPOINT_URL: endpoints().moto,
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'any',
  AWS_SECRET_ACCESS_KEY: 'any',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_PAGER: '',
};

/** Runs a command line of a page, in the root of this repository. Returns what it prints. */
export async function shell(line: string): Promise<string> {
  return run('bash', ['-c', `aws() { '${awscli}' -I -m awscli "$@"; }\n${line}`]);
}

/** Runs a command of the AWS CLI against moto; returns the JSON that it prints. */
export async function aws<Answer>(...parameters: readonly string[]): Promise<Answer> {
  const printed = await run(awscli, ['-I', '-m', 'awscli', ...parameters, '--output', 'json']);
  return (printed === '' ? undefined : JSON.parse(printed)) as Answer;
}

/** The findings of the linter for a template; empty if there are none. */
export async function cfnLint(template: string): Promise<string> {
  return run(cfnlint, ['-I', '-c', lint, '--include-checks', 'I', '--', template]);
}

/** @throws Error with what it printed, where it does not end well */
async function run(program: string, parameters: readonly string[]): Promise<string> {
  const options = { cwd: root, env: variables, maxBuffer: outputBytesMax };
  try {
    return (await promisify(execFile)(program, parameters, options)).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${parameters.join(' ')} failed: ${stdout}${stderr}`, { cause: error });
  }
}
