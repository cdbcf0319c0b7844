import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchApi } from './api.ts';
import { benchElasticsearch } from './elasticsearch.ts';
import { makeVenv } from './python.ts';
import { benchSlot } from './slot.ts';
import { benchStart } from './start.ts';

const cases = { start: benchStart, api: benchApi, slot: benchSlot, elasticsearch: benchElasticsearch };
type Case = keyof typeof cases;

/** What needs nothing but this project. */
const usual: readonly Case[] = ['start', 'api', 'slot'];

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
    `There is no case ${unknown}: name some of ${Object.keys(cases).join(', ')}, or none for ${usual.join(' and ')}.`,
  );
  process.exit(1);
}
if (values['make-venv']) await makeVenv();
await bench(positionals.length === 0 ? usual : (positionals as Case[]));

async function bench(names: readonly Case[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'message-archive-bench-'));
  try {
    for (const name of names) await cases[name](folder, Number(values.runs));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
