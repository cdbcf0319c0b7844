import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { inputDefaults, readInputs } from '../../src/inputs/index.ts';

type Scalar = string | number | boolean;
type Given = Readonly<Record<string, Scalar>>;

/** The parts of a job that these tests use: it calls a workflow, or has steps. */
interface Job {
  readonly permissions: Readonly<Record<string, string>>;
  readonly uses?: string;
  readonly with?: Given;
  readonly secrets?: Given;
  readonly steps?: readonly { readonly uses: string; readonly with: Given }[];
}

interface Workflow {
  readonly on: Record<string, unknown>;
  readonly permissions: unknown;
  readonly concurrency: { readonly group: string; readonly 'cancel-in-progress': boolean };
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Called extends Workflow {
  readonly on: {
    readonly workflow_call: {
      readonly inputs: Readonly<Record<string, { readonly type: string }>>;
      readonly secrets: Readonly<Record<string, unknown>>;
    };
  };
}

const root = join(import.meta.dirname, '..', '..');
const examples = join(root, 'examples', 'workflows');
const now = Date.parse('2026-01-01');
/** Placeholder for the commit of a release. */
const commit = '0123456789abcdef0123456789abcdef01234567';

function read<File>(...path: string[]): File {
  return parse(readFileSync(join(...path), 'utf8')) as File;
}

const called = read<Called>(root, '.github', 'workflows', 'archive.yml');
const { inputs: calledInputs, secrets: calledSecrets } = called.on.workflow_call;

/** The value that GitHub passes in a scheduled run, with a placeholder for every secret. */
function evaluated(value: Scalar): string {
  return String(value).replaceAll(/\$\{\{ (.*?) \}\}/g, (_, expression: string) => {
    if (expression.startsWith('secrets.')) return 'a-secret';
    if (expression === 'matrix.year') return '2016';
    return expression.endsWith(' || false') || /^inputs\.(refresh|dry-run)$/.test(expression) ? 'false' : '';
  });
}

/** Reads the inputs as the action does; throws if it would refuse them. */
function accepted(given: Given): void {
  const known = Object.entries(given).filter(([name]) => name in inputDefaults);
  const variables = known.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, evaluated(value)]);
  readInputs(Object.fromEntries(variables), now);
}

describe.each(readdirSync(examples))('examples/workflows/%s', (file) => {
  const { on, permissions, concurrency, jobs } = read<Workflow>(examples, file);

  it('can be started by hand, has no permissions outside of its jobs, and runs one at a time', () => {
    expect(Object.keys(on)).toContain('workflow_dispatch');
    expect(permissions).toEqual({});
    expect(concurrency).toEqual({ group: expect.any(String), 'cancel-in-progress': false });
  });

  it('pins the action to a commit and names its release', () => {
    const uses = readFileSync(join(examples, file), 'utf8').match(/uses: .*message-archive.*/g)!;
    expect(uses.filter((line) => !new RegExp(`@${commit} # v\\d+\\.\\d+\\.\\d+$`).test(line))).toEqual([]);
  });

  it('says when to use it', () => {
    expect(readFileSync(join(examples, file), 'utf8')).toMatch(/^# \w/);
  });

  it.each(Object.entries(jobs))('passes accepted inputs in the job %s', (_, job) => {
    if (job.uses === undefined) {
      const [step] = job.steps!;
      expect(step!.uses).toBe(`OWNER/message-archive@${commit}`);
      expect(Object.keys(inputDefaults)).toEqual(expect.arrayContaining(Object.keys(step!.with)));
      return accepted(step!.with);
    }
    expect(job.uses).toMatch(
      new RegExp(`^(OWNER|platform)/message-archive/\\.github/workflows/archive\\.yml@${commit}$`),
    );
    for (const [name, value] of Object.entries(job.with!)) {
      const isComputed = /^\$\{\{.*\}\}$/.test(String(value));
      expect(isComputed ? ['string', 'boolean', 'number'] : [typeof value], name).toContain(calledInputs[name]?.type);
    }
    expect(Object.keys(calledSecrets)).toEqual(expect.arrayContaining(Object.keys(job.secrets!)));
    accepted({ ...job.with, ...job.secrets });
  });

  it('grants the called workflow the permissions that its jobs request', () => {
    const asked = Object.assign({}, ...Object.values(called.jobs).map((job) => job.permissions));
    for (const job of Object.values(jobs)) if (job.uses !== undefined) expect(job.permissions).toEqual(asked);
  });
});
