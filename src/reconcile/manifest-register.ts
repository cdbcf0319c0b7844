import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { writeFailure } from '../errors.ts';
import { type ManifestState, manifestStates } from '../report/manifest.ts';

/** The ids of a manifest and their states, on disk: there may be more than fit in memory. */
export class ManifestRegister {
  readonly path: string;
  readonly #database: DatabaseSync;

  /** @param path a file to create, which the caller removes */
  constructor(path: string) {
    this.path = path;
    this.#database = new DatabaseSync(path);
    this.#database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;');
    this.#database.exec('CREATE TABLE ids (id BLOB PRIMARY KEY, state INTEGER NOT NULL) WITHOUT ROWID');
    this.#database.exec('CREATE INDEX states ON ids (state)');
  }

  /** Adds ids in state `unknown`; existing ones stay as they are. */
  add(ids: Iterable<string>): void {
    this.#each('INSERT INTO ids VALUES (?, 0) ON CONFLICT DO NOTHING', ids);
  }

  /** Sets the state of ids that are in the manifest and still `unknown`. */
  mark(ids: Iterable<string>, state: Exclude<ManifestState, 'unknown'>): void {
    this.#each(`UPDATE ids SET state = ${manifestStates.indexOf(state)} WHERE id = ? AND state = 0`, ids);
  }

  counts(): Record<ManifestState, number> {
    const rows = this.#database.prepare('SELECT state, count(*) AS count FROM ids GROUP BY state').all();
    const counts = new Map(rows.map(({ state, count }) => [Number(state), Number(count)]));
    return Object.fromEntries(manifestStates.map((name, n) => [name, counts.get(n) ?? 0])) as Record<
      ManifestState,
      number
    >;
  }

  /** The ids of one state in byte order, in batches; ids may be marked in between. */
  *of(state: ManifestState, batchMax: number): Generator<string[]> {
    const statement = this.#database.prepare('SELECT id FROM ids WHERE state = ? AND id > ? ORDER BY id LIMIT ?');
    let last: Uint8Array = new Uint8Array();
    for (;;) {
      const rows = statement.all(manifestStates.indexOf(state), last, batchMax) as { id: Uint8Array }[];
      if (rows.length === 0) return;
      last = rows.at(-1)!.id;
      yield rows.map(({ id }) => Buffer.from(id).toString('utf8'));
    }
  }

  close(): void {
    this.#database.close();
  }

  #each(sql: string, ids: Iterable<string>): void {
    try {
      const statement: StatementSync = this.#database.prepare(sql);
      this.#database.exec('BEGIN');
      for (const id of ids) statement.run(Buffer.from(id, 'utf8'));
      this.#database.exec('COMMIT');
    } catch (error) {
      throw writeFailure(`The temporary file ${this.path}`, error);
    }
  }
}
