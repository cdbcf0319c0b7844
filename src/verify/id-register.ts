import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { writeFailure } from '../errors.ts';

/** Which slot each id stands in, on disk: an archive has more ids than memory should hold. */
export class IdRegister {
  readonly path: string;
  readonly #database: DatabaseSync;

  /** @param path a file that is made, and that the caller removes */
  constructor(path: string) {
    this.path = path;
    closeSync(openSync(path, 'wx', 0o600));
    this.#database = new DatabaseSync(path);
    this.#database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;');
    this.#database.exec('CREATE TABLE ids (id BLOB PRIMARY KEY, slot TEXT NOT NULL) WITHOUT ROWID');
  }

  /**
   * Notes the ids of a slot; returns those that were there already, with the slot in which they stand.
   * @throws UserError when the disk has no room for them
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
    const twice: { id: string; slot: string }[] = [];
    this.#database.exec('BEGIN');
    for (const id of ids) {
      const key = Buffer.from(id, 'utf8');
      if (Number(insert.run(key, slot).changes) === 0) twice.push({ id, slot: String(find.get(key)!.slot) });
    }
    this.#database.exec('COMMIT');
    return twice;
  }

  close(): void {
    this.#database.close();
  }
}
