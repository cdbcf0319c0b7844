import { join } from 'node:path';
import { bytes, duration, number } from '../src/format.ts';
import { sizeOf } from './files.ts';
import { archiveSource, oneSlot, startSource } from './source.ts';

/** Archives one slot with as many messages as ten windows, from the API. */
export async function benchSlot(folder: string): Promise<void> {
  const source = await startSource(oneSlot);
  try {
    const into = join(folder, 'slot');
    const run = await archiveSource(source, oneSlot, into);
    const read = await source.bytesSent();
    const stored = await sizeOf(join(into, 'archive'));
    console.log(`\n${number(oneSlot.messages)} messages in one slot, ${bytes(read)} of source JSON:`);
    console.log(
      `  Message Archive      ${(read / 1e3 / run.tookMs).toFixed(1).padStart(6)} MB/s in ${duration(run.tookMs)}, peak memory ${bytes(run.rssBytes)}, ${bytes(stored)} stored`,
    );
  } finally {
    await source.close();
  }
}
