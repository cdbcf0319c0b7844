import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { writeFailure } from '../errors.ts';

/** The slot of each id, on disk: an archive has more ids than fit in memory. */
export class IdRegister {
  readonly path: string;
  readonly #database: DatabaseSync;

  /** @param path a file to create, which the caller removes */
  constructor(path: string) {
    this.path = path;
    closeSync(openSync(path, 'wx', 0o600));
    this.#database = new DatabaseSync(path);
    this.#database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;');
    this.#database.exec('CREATE TABLE ids (id BLOB PRIMARY KEY, slot TEXT NOT NULL) WITHOUT ROWID');
  }

  /**
   * Adds the ids of a slot; returns those that were already there, with their slot.
   * @throws UserError if the disk is full
   */
  add(slot: string, ids: readonly string[]): { id: string; slot: string }[] {
    try {
      return this.#add(slot, ids);
    } catch (error) {
      throw writeFailure(`The temporary file ${this.path}`, error);
    }
  }

  #add(slot: string, ids: readonly string[]): { id: string; slot: string }[] {
    const insert = this.#database.prepare('INSERT INTO ids VALUES (?, ?) ON CONFLICT DO NOTHING');
    const find = this.#database.prepare('SELECT slot FROM ids WHERE id = ?');
    const known: { id: string; slot: string }[] = [];
    this.#database.exec('BEGIN');
    for (const id of ids) {
      const key = Buffer.from(id, 'utf8');
      if (Number(insert.run(key, slot).changes) === 0) known.push({ id, slot: String(find.get(key)!.slot) });
    }
    this.#database.exec('COMMIT');
    return known;
  }

  close(): void {
    this.#database.close();
  }
}
