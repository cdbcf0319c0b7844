import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isExpected } from '../tools/programs/errors.ts';
import { benchApi } from './api.ts';
import { benchElasticsearch } from './elasticsearch.ts';
import { makeVenv } from './python.ts';
import { benchSlot } from './slot.ts';
import { benchStart } from './start.ts';

const cases = { start: benchStart, api: benchApi, slot: benchSlot, elasticsearch: benchElasticsearch };
type Case = keyof typeof cases;

/** The cases that need no other software. */
const defaults: readonly Case[] = ['start', 'api', 'slot'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'make-venv': { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
  },
});

const unknown = positionals.find((name) => !(name in cases));
if (unknown !== undefined) {
  console.error(
    `Unknown case: ${unknown}. The cases are ${Object.keys(cases).join(', ')}; the default is ${defaults.join(', ')}.`,
  );
  process.exit(1);
}
try {
  if (values['make-venv']) await makeVenv();
  await bench(positionals.length === 0 ? defaults : (positionals as Case[]));
} catch (error) {
  console.error(isExpected(error) ? error.message : error);
  process.exit(1);
}

async function bench(names: readonly Case[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'message-archive-bench-'));
  try {
    for (const name of names) await cases[name](folder, Number(values.runs));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
