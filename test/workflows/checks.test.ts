import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { inputDefaults } from '../../src/inputs/index.ts';
import { secretInputs } from '../../src/inputs/secrets.ts';
import { findings } from './findings.ts';
import { languageFindings } from './language-service.ts';
import { programs } from './programs.ts';

const root = join(import.meta.dirname, '..', '..');

async function tracked(...patterns: string[]): Promise<string[]> {
  return (await findings(root, 'git', 'ls-files', '--cached', '--others', '--exclude-standard', ...patterns))
    .trim()
    .split('\n');
}

describe('workflows and actions', () => {
  it('pass actionlint', async () => {
    const files = await tracked('.github/workflows/*.yml');
    expect(files.length).toBeGreaterThanOrEqual(3);
    // Not every machine has the programs that actionlint would run.
    expect(await findings(root, programs().actionlint, '-shellcheck=', '-pyflakes=', ...files)).toBe('');
  });

  it('pass zizmor', async () => {
    const found = await findings(
      root,
      programs().zizmor,
      '--offline',
      '--persona',
      'pedantic',
      '--format',
      'plain',
      '.',
    );
    expect(found).toMatch(/^No findings to report\./);
  });

  it("pass GitHub's language service", async () => {
    const files = await tracked('.github/workflows/*.yml', 'action.yml', '**/action.yml');
    expect(files).toContain('action.yml');
    const found = await Promise.all(files.map((path) => languageFindings(root, path)));
    expect(found.flat()).toEqual([]);
  });

  it('fail each checker if they are wrong', async () => {
    const wrong = join(import.meta.dirname, 'wrong');
    expect(await findings(root, programs().actionlint, '-no-color', join(wrong, 'workflow.yml'))).toContain('"nobody"');
    expect(
      await findings(root, programs().zizmor, '--offline', '--format', 'plain', join(wrong, 'workflow.yml')),
    ).toContain('unpinned-uses');
    expect(await languageFindings(wrong, 'workflow.yml')).toEqual([expect.stringContaining('nobody')]);
  });
});

type Texts = Readonly<Record<string, string>>;

/** Inputs of a single run, which have no repository variable. */
const once = new Set(['to', 'refresh', 'accept-fewer', 'dry-run', 'as-of']);
const flags = new Set(['refresh', 'accept-fewer', 'dry-run']);
const secrets: ReadonlySet<string> = new Set(secretInputs.filter((name) => name !== 'github-token'));
/** Inputs that the jobs set themselves. */
const own: Readonly<Record<string, Texts>> = {
  plan: { command: 'plan' },
  export: { command: 'export', window: `\${{ toJSON(matrix.leg) }}` },
  report: { command: 'report', plan: `\${{ needs.plan.result == 'success' && needs.plan.outputs.plan || '' }}` },
};

/** Returns the expression with which the workflow sets an input of the action. */
function expressionOf(name: string): string {
  const variable = `MESSAGE_ARCHIVE_${name.toUpperCase().replaceAll('-', '_')}`;
  if (secrets.has(name)) return `\${{ secrets.${name} || secrets.${variable} }}`;
  if (name === 'issue-label') {
    const label = `(inputs.issue-label || vars.${variable} || '${inputDefaults[name]}')`;
    return `\${{ ${label} != 'none' && ${label} || '' }}`;
  }
  if (flags.has(name)) return `\${{ inputs.${name} || false }}`;
  return once.has(name) ? `\${{ inputs.${name} }}` : `\${{ inputs.${name} || vars.${variable} }}`;
}

test('archive.yml passes every input of the action on, from a call or from repository variables', async () => {
  const workflow = parse(await readFile(join(root, '.github/workflows/archive.yml'), 'utf8'));
  const { inputs, secrets: declared } = workflow.on.workflow_call;
  const passedOn = new Set<string>();
  for (const [job, texts] of Object.entries(own)) {
    const { with: given } = workflow.jobs[job].steps.at(-1) as { with: Texts };
    const taken = Object.keys(given).filter((name) => texts[name] === undefined);
    expect(given).toEqual({ ...texts, ...Object.fromEntries(taken.map((name) => [name, expressionOf(name)])) });
    for (const name of Object.keys(given)) passedOn.add(name);
  }
  const missingFrom = (names: Iterable<string>) =>
    Object.keys(inputDefaults).filter((name) => ![...names].includes(name));
  expect(missingFrom(passedOn)).toEqual(['manifest', 'manifest-column', 'github-token']);
  const asked = [...Object.keys(inputs), ...Object.keys(declared)];
  expect(missingFrom(asked)).toEqual(['command', 'window', 'plan', 'manifest', 'manifest-column', 'github-token']);
});

test('each job of archive.yml sets the inputs that its command needs', async () => {
  const workflow = parse(await readFile(join(root, '.github/workflows/archive.yml'), 'utf8'));
  const given = (job: string) => Object.keys(workflow.jobs[job].steps.at(-1).with);
  const shaping = ['window-days', 'archive', 'staging', 'format', 'partition-by', 'columns', 'closed-statuses'];
  const pointers = ['message-id', 'message-timestamp', 'message-alerts', 'alert-id', 'alert-status'];
  const times = ['message-time-format', 'message-time-zone'];
  const aws = ['role-to-assume', 'aws-region', 'sse-kms-key-id', 'object-lock-mode', 'object-lock-days'];
  for (const job of Object.keys(own))
    expect(given(job)).toEqual(expect.arrayContaining([...shaping, ...pointers, ...times, ...aws]));
  const source = Object.keys(inputDefaults).filter((name) => /^(api|elasticsearch)-/.test(name));
  for (const job of ['plan', 'export']) expect(given(job)).toEqual(expect.arrayContaining([...source, 'recent-days']));
});

test('archive.yml uses outputs of the plan job only if its step and the job succeeded', async () => {
  const text = await readFile(join(root, '.github/workflows/archive.yml'), 'utf8');
  const { jobs } = parse(text);
  for (const [name, value] of Object.entries(jobs.plan.outputs))
    expect(value).toBe(`\${{ steps.plan.outcome == 'success' && steps.plan.outputs.${name} || '' }}`);
  const uses = text.split('\n').filter((line) => line.includes('needs.plan.outputs.'));
  expect(uses).toHaveLength(3);
  expect(uses.filter((line) => !line.includes("needs.plan.result == 'success' && needs.plan.outputs."))).toEqual([]);
});
