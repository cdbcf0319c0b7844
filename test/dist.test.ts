import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Source, startSource } from '../demo/source/server.ts';
import { inputDefaults } from '../src/inputs/defaults.ts';

const run = promisify(execFile);
const now = '2025-06-01T00:00:00Z';
let folder: string;
let source: Source;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'message-archive-dist-'));
  await cp(join(import.meta.dirname, '..', 'dist'), join(folder, 'dist'), { recursive: true });
  source = await startSource({
    from: '2025-01-01',
    to: '2025-03-01',
    messages: 60,
    textBytesMax: 0,
    messageBytes: [2000, 4000],
  });
});

afterAll(async () => {
  await source.close();
  await rm(folder, { recursive: true, force: true });
});

function action(inputs: Record<string, string>) {
  const given = {
    archive: `file:${join(folder, 'archive')}`,
    staging: `sqlite:${join(folder, 'staging.sqlite')}`,
    'api-url': source.url,
    'api-token': source.token,
    'api-query': `${inputDefaults['api-query']}&as_of=${now}`,
    'as-of': now,
    from: '2025-01-01',
    ...inputs,
  };
  const env = Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]));
  return run(process.execPath, [join(folder, 'dist', 'index.js')], { cwd: folder, env });
}

test('the bundle does the whole job in a folder of its own, without node_modules', async () => {
  const exported = await action({ command: 'run' });
  expect(exported.stdout).toContain('The archive is complete.');
  const verified = await action({ command: 'verify' });
  expect(verified.stdout).toContain(': 0 differences.');
  expect(exported.stdout + exported.stderr + verified.stdout + verified.stderr).not.toContain(source.token);
});

test('the licences of what is bundled lie beside it', async () => {
  const text = await readFile(join(folder, 'dist', 'licenses.txt'), 'utf8');
  for (const name of ['undici', 'parquet-wasm', 'apache-arrow', 'workerpool']) expect(text).toContain(`${name} `);
});
