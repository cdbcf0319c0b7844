import { hash } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentDigest } from '../src/archive/digest.ts';
import { encodeParquet } from '../src/archive/parquet/writer.ts';
import { factsOfRows, Rows } from '../src/archive/rows.ts';
import { describeSchema } from '../src/archive/schema.ts';
import { BufferPool } from '../src/memory/buffer-pool.ts';
import { Spool } from '../src/memory/spool.ts';
import { scanPage } from '../src/messages/page.ts';
import { compileShape } from '../src/messages/read.ts';
import { parquetModule } from '../src/worker/parquet-module.ts';

const shape = {
  id: ['message_id'],
  timestamp: ['timestamp'],
  alerts: ['alerts'],
  alertId: ['alert_id'],
  alertStatus: ['status'],
  closedStatuses: ['closed'],
  columns: [],
};

/** Throughput of one stage on one thread, in MB/s of source JSON. */
export interface Stage {
  readonly name: string;
  readonly rate: number;
}

/** Times each stage of a leg separately, on the same pages. */
export async function stages(pages: readonly Uint8Array<ArrayBuffer>[], readMs: number): Promise<Stage[]> {
  const megabytes = pages.reduce((sum, page) => sum + page.length, 0) / 1e6;
  const folder = await mkdtemp(join(tmpdir(), 'message-archive-bench-'));
  const compiled = compileShape(shape);
  const pageShape = { messages: ['messages'], total: ['total'], message: [] };
  const timed: Stage[] = [{ name: 'read pages', rate: megabytes / (readMs / 1000) }];
  const time = async <T>(name: string, work: () => T | Promise<T>): Promise<T> => {
    const startedMs = performance.now();
    const result = await work();
    timed.push({ name, rate: megabytes / ((performance.now() - startedMs) / 1000) });
    return result;
  };
  try {
    const scans = await time('scan and classify', () => pages.map((page) => scanPage(page, pageShape, compiled)));
    const closed = scans.flatMap(({ messages }, n) =>
      messages
        .filter(({ state }) => state === 'closed')
        .map((message) => ({ message, bytes: pages[n]!.subarray(message.start, message.end) })),
    );
    const shas = await time('hash', () => closed.map(({ bytes }) => hash('sha256', bytes, 'buffer')));
    const spool = new Spool(new BufferPool(128 * 2 ** 20), join(folder, 'spool'));
    const rows = new Rows();
    await time('spool and index', async () => {
      for (const [n, { message, bytes }] of closed.entries()) {
        const position = spool.append(bytes);
        rows.set({
          id: message.id!,
          timestamp: message.timestamp!,
          readAt: 0,
          source: 'api',
          sha: shas[n]!,
          position,
          length: bytes.length,
        });
      }
    });
    const schema = { columns: [] };
    const columns = await time('sort and digest', () => {
      const sorted = rows.columns(rows.order());
      contentDigest(describeSchema(schema), sorted);
      return sorted;
    });
    const facts = { digest: '0', rows: rows.size, slot: 'bench', layout: '1', schema: describeSchema(schema) };
    const path = join(folder, 'object.parquet');
    const view = await spool.flush();
    const module = await parquetModule();
    await time('encode Parquet', () =>
      encodeParquet({ format: 'parquet', schema, shape, rows: factsOfRows(columns), spool: view, facts, path }, module),
    );
    await stat(path);
    await spool.close();
    return timed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
