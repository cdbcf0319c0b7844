import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { bytes, number } from '../src/format.ts';
import { type Column, shortened, table } from './text.ts';
import type { Row } from './truth.ts';

/** A query, and how to display its result. */
interface Query {
  readonly title: string;
  readonly sql: string;
  readonly columns: readonly (Column & { readonly show: (value: DuckDBValue) => string })[];
}

const right = (name: string, show: (value: DuckDBValue) => string) => ({ name, align: 'right' as const, show });
const left = (name: string) => ({ name, align: 'left' as const, show: String });
const asNumber = (value: DuckDBValue) => number(Number(value));
const asBytes = (value: DuckDBValue) => bytes(Number(value));

const summaries: readonly Query[] = [
  {
    title: 'Messages by year',
    sql: `SELECT left(month, 4) AS year, count(*), count(DISTINCT month), sum(strlen(payload)), avg(risk_score)
FROM archive GROUP BY year ORDER BY year`,
    columns: [
      left('year'),
      right('messages', asNumber),
      right('months', asNumber),
      right('payload', asBytes),
      right('mean risk', (value) => Number(value).toFixed(1)),
    ],
  },
  {
    title: 'Alerts by status',
    sql: `SELECT alert.status, count(*), count(DISTINCT message_id)
FROM archive, unnest(alerts) AS each(alert) GROUP BY ALL ORDER BY 2 DESC`,
    columns: [left('status'), right('alerts', asNumber), right('messages', asNumber)],
  },
];

/** TRY_CAST because DuckDB would fail the whole query on one payload with an unpaired surrogate. */
const oneMessage = `SELECT message_id, timestamp, subject, TRY_CAST(payload AS JSON)->>'$.from' AS sender,
       len(alerts) AS alerts, read_at, strlen(payload) AS bytes
FROM archive WHERE message_id = $1`;
const valueCharsMax = 90;

/** Queries an archive's Parquet files with DuckDB. */
export class Queries {
  readonly #connection: DuckDBConnection;

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** Returns the statement that creates a view over all files of an archive. */
  static view(archive: string): string {
    const files = `${archive}/month=*/*.parquet`.replaceAll("'", "''");
    return `CREATE VIEW archive AS FROM read_parquet('${files}', hive_partitioning = true)`;
  }

  /** @param archive the archive's folder */
  static async open(archive: string): Promise<Queries> {
    const connection = await (await DuckDBInstance.create()).connect();
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run(Queries.view(archive));
    return new Queries(connection);
  }

  /** Runs the summary queries. */
  async showSummaries(show: (title: string, sql: string, result: readonly string[]) => void): Promise<void> {
    for (const { title, sql, columns } of summaries) {
      const rows = (await this.#connection.runAndReadAll(sql)).getRows();
      show(
        title,
        sql,
        table(
          columns,
          rows.map((row) => row.map((value, n) => columns[n]!.show(value))),
        ),
      );
    }
  }

  /** Looks up one message. */
  async showMessage(id: string, show: (title: string, sql: string, result: readonly string[]) => void): Promise<void> {
    const reader = await this.#connection.runAndReadAll(oneMessage, [id]);
    const names = reader.columnNames();
    const width = Math.max(...names.map((name) => name.length));
    const lines = reader
      .getRows()
      .flatMap((row) => names.map((name, n) => `${name.padEnd(width)}   ${shortened(String(row[n]), valueCharsMax)}`));
    show('One message by id', oneMessage.replace('$1', `'${id.replaceAll("'", "''")}'`), lines);
  }

  /** Returns every row's id and hash, and checks the hash against the payload. */
  async rows(): Promise<Row[]> {
    const sql = 'SELECT message_id, payload_sha256, sha256(payload) = payload_sha256 FROM archive';
    const rows = (await this.#connection.runAndReadAll(sql)).getRows();
    return rows.map(([id, sha, holds]) => ({ id: String(id), sha: String(sha), holds: holds === true }));
  }

  close(): void {
    this.#connection.closeSync();
  }
}
