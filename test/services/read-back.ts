import { type DuckDBBlobValue, DuckDBInstance } from '@duckdb/node-api';
import { Queries } from '../../demo/queries.ts';
import type { Row } from '../../demo/truth.ts';

/** A row of an archive as DuckDB reads it. */
export interface ReadRow extends Row {
  /** In µs since 1970. */
  readonly timestamp: number;
  readonly payload: Buffer;
  readonly source: string;
}

const sql = `SELECT message_id, payload_sha256, sha256(payload) = payload_sha256, epoch_us(timestamp), encode(payload), source
FROM archive`;

/** All rows of the archive in a folder. */
export async function readBack(folder: string): Promise<ReadRow[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    await connection.run(Queries.view(folder));
    const rows = (await connection.runAndReadAll(sql)).getRows();
    return rows.map(([id, sha, holds, timestamp, payload, source]) => ({
      id: String(id),
      sha: String(sha),
      holds: holds === true,
      timestamp: Number(timestamp),
      payload: Buffer.from((payload as DuckDBBlobValue).bytes),
      source: String(source),
    }));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
