import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bytes, number } from '../src/format.ts';
import { Cloud } from '../test/services/cloud.ts';
import { SearchedMessages, shownBy } from '../test/services/shown.ts';
import { runAction } from './action.ts';
import { inTurns, measuredLine, ratioLine } from './comparison.ts';
import { dump, dumpSettings, elasticdumpVersion, installElasticdump } from './elasticdump.ts';
import { sizeOf } from './files.ts';
import type { Finished } from './process.ts';
import { type Services, startServices } from './services.ts';
import { asOf, oneWindow, seed } from './source.ts';

const { from, to } = oneWindow;

/** Archives one window from Elasticsearch to S3, compared with elasticdump, which writes the same messages to a file. */
export async function benchElasticsearch(folder: string, runs: number): Promise<void> {
  const elasticdump = await installElasticdump();
  const services = await startServices();
  const searched = new SearchedMessages(services.elasticsearch);
  const held = shownBy({ ...oneWindow, seed, warm: true }, Date.parse(asOf)).filter(({ state }) => state !== 'invalid');
  await searched.publish(held);
  const sourceBytes = held.reduce((sum, { text }) => sum + text.length, 0);
  console.log(
    `\n${number(held.length)} messages, ${bytes(sourceBytes)} of source JSON, from ${services.name} on loopback to S3 (versitygw) and DynamoDB (moto):`,
  );
  let storedBytes = 0;
  const ours = async () => {
    const cloud = await Cloud.make(services);
    const done = await archive(services, searched.alias, cloud);
    storedBytes = await cloud.bytes();
    cloud.close();
    return done;
  };
  const lines = join(folder, 'lines.json');
  const query = { bool: { filter: [{ range: { timestamp: { gte: from, lt: to } } }] } };
  const theirs = async () => {
    const done = await dump(elasticdump, services.elasticsearch, searched.alias, query, lines);
    await assertLines(lines, held.length);
    return done;
  };
  // A server that has just started is slow for the first client.
  await theirs();
  await ours();
  const done = await inTurns(runs, ours, theirs);
  console.log(measuredLine({ name: 'Message Archive', runs: done.ours, storedBytes }, sourceBytes));
  const dumped = { name: `elasticdump ${elasticdumpVersion}`, runs: done.theirs, storedBytes: await sizeOf(lines) };
  console.log(measuredLine(dumped, sourceBytes));
  console.log(`  (${dumpSettings})`);
  console.log(ratioLine(done.ours, done.theirs));
  await services.stop();
}

function archive({ elasticsearch, ...services }: Services, index: string, cloud: Cloud): Promise<Finished> {
  const inputs = {
    ...cloud.inputs,
    command: 'run',
    from,
    to,
    'as-of': asOf,
    'elasticsearch-url': elasticsearch,
    'elasticsearch-index': index,
  };
  return runAction(inputs, Cloud.variables(services));
}

/** @throws Error if a file has another number of lines */
async function assertLines(file: string, expected: number): Promise<void> {
  let count = 0;
  for await (const _ of createInterface(createReadStream(file))) count += 1;
  if (count !== expected) throw new Error(`elasticdump wrote ${count} lines for ${expected} messages.`);
}
