import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { ArchiveState, LedgerRecord, SourceRecord, StagedMessage } from '../../archive/ledger.ts';
import { messageOf, UserError, withRemedy } from '../../errors.ts';
import type { SourceName } from '../../messages/message.ts';
import type { Instant } from '../../windows/interval.ts';
import type { Slot } from '../../windows/slot.ts';
import { accessFolder, makeFolder, makePrivateFile } from '../files.ts';
import type { Staging } from '../ports.ts';
import { mayBeWritten, readOnly } from './read-only.ts';

const lockWaitMsMax = 30_000;
/** Remedies by SQLite's primary result codes: locked, disk full. https://www.sqlite.org/rescode.html */
const remedies: Readonly<Record<number, string>> = {
  5: 'find the process that locks it, then re-run',
  13: 'free disk space, then re-run',
};
const readRemedy = 'check its permissions, and those of the files with -wal and -shm beside it if there are any';
const usualRemedy = 'name a file in a writable folder on a local disk';

const tables = `
  CREATE TABLE IF NOT EXISTS slots (
    archive TEXT NOT NULL, slot TEXT NOT NULL, revision INTEGER NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (archive, slot)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS messages (
    archive TEXT NOT NULL, slot TEXT NOT NULL, id BLOB NOT NULL, read_at TEXT NOT NULL, message TEXT NOT NULL,
    PRIMARY KEY (archive, slot, id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS notes (
    archive TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (archive, name)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS sources (
    archive TEXT NOT NULL, source TEXT NOT NULL, revision INTEGER NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (archive, source)) WITHOUT ROWID;`;
const hasSources = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'sources'";

/** Staging and ledger in one SQLite file, for one machine; any number of processes and archives may share it. */
export class SqliteStaging implements Staging {
  readonly url: string;
  readonly #path: string;
  readonly #archive: string;
  #database: DatabaseSync | undefined;

  /** @param archive the archive's id */
  constructor(path: string, archive: string) {
    this.url = `sqlite:${path}`;
    this.#path = path;
    this.#archive = archive;
  }

  /** Does not create a missing file: the first access to a slot does. */
  async prepare(): Promise<void> {
    if (existsSync(this.#path)) this.#run((database) => database.prepare('SELECT 1').get());
    else this.#checked(() => accessFolder(dirname(this.#path)));
  }

  /** Does not create a missing file, which stands for an empty state. */
  async state(): Promise<ArchiveState> {
    if (this.#database === undefined && !this.#exists()) return { ledger: [], staged: [] };
    return this.#read((database) => {
      const sources = sourceRecords(database, this.#archive);
      return {
        ledger: read<LedgerRecord>(
          database.prepare('SELECT record AS json FROM slots WHERE archive = ? ORDER BY slot'),
          this.#archive,
        ),
        staged: read<StagedMessage>(
          database.prepare('SELECT message AS json FROM messages WHERE archive = ? ORDER BY slot, id'),
          this.#archive,
        ),
        ...(sources.length > 0 && { sources }),
      };
    });
  }

  async slot(slot: Slot): Promise<{ record: LedgerRecord | undefined; staged: StagedMessage[] }> {
    return this.#read((database) => ({
      record: read<LedgerRecord>(
        database.prepare('SELECT record AS json FROM slots WHERE archive = ? AND slot = ?'),
        this.#archive,
        slot.id,
      )[0],
      staged: read<StagedMessage>(
        database.prepare('SELECT message AS json FROM messages WHERE archive = ? AND slot = ? ORDER BY id'),
        this.#archive,
        slot.id,
      ),
    }));
  }

  async record(record: LedgerRecord, revision: number): Promise<boolean> {
    const json = JSON.stringify(record);
    return this.#run((database) => {
      const { changes } =
        revision === 0
          ? database
              .prepare('INSERT INTO slots VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
              .run(this.#archive, record.slot, record.revision, json)
          : database
              .prepare('UPDATE slots SET revision = ?, record = ? WHERE archive = ? AND slot = ? AND revision = ?')
              .run(record.revision, json, this.#archive, record.slot, revision);
      return Number(changes) === 1;
    });
  }

  async source(name: SourceName): Promise<SourceRecord | undefined> {
    return this.#read((database) => sourceRecords(database, this.#archive).find(({ source }) => source === name));
  }

  async recordSource(record: SourceRecord, revision: number): Promise<boolean> {
    const json = JSON.stringify(record);
    return this.#run((database) => {
      const { changes } =
        revision === 0
          ? database
              .prepare('INSERT INTO sources VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
              .run(this.#archive, record.source, record.revision, json)
          : database
              .prepare('UPDATE sources SET revision = ?, record = ? WHERE archive = ? AND source = ? AND revision = ?')
              .run(record.revision, json, this.#archive, record.source, revision);
      return Number(changes) === 1;
    });
  }

  async stage(messages: readonly StagedMessage[]): Promise<void> {
    this.#transaction((database) => {
      const put = database.prepare(`INSERT INTO messages VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET read_at = excluded.read_at, message = excluded.message WHERE read_at <= excluded.read_at`);
      for (const message of messages) {
        put.run(this.#archive, message.slot, idBytes(message.message_id), message.read_at, JSON.stringify(message));
      }
    });
  }

  async unstage(slot: Slot, ids: readonly string[], readAt: Instant): Promise<void> {
    this.#transaction((database) => {
      const remove = database.prepare(
        'DELETE FROM messages WHERE archive = ? AND slot = ? AND id = ? AND read_at <= ?',
      );
      for (const id of ids) remove.run(this.#archive, slot.id, idBytes(id), readAt);
    });
  }

  /** A read-only file of an earlier version has no table of notes. */
  async note(name: string): Promise<string | undefined> {
    if (this.#database === undefined && !this.#exists()) return undefined;
    return this.#read((database) => {
      const hasNotes = database.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'notes'`).get();
      if (hasNotes === undefined) return undefined;
      const row = database.prepare('SELECT text FROM notes WHERE archive = ? AND name = ?').get(this.#archive, name);
      return row?.text as string | undefined;
    });
  }

  async keepNote(name: string, text: string): Promise<void> {
    this.#run((database) =>
      database
        .prepare('INSERT INTO notes VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET text = excluded.text')
        .run(this.#archive, name, text),
    );
  }

  async close(): Promise<void> {
    this.#database?.close();
    this.#database = undefined;
  }

  #transaction(work: (database: DatabaseSync) => void): void {
    this.#run((database) => {
      database.exec('BEGIN IMMEDIATE');
      try {
        work(database);
        database.exec('COMMIT');
      } catch (error) {
        // Some failures, such as a full disk, have already ended the transaction.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  #exists(): boolean {
    try {
      return statSync(this.#path, { throwIfNoEntry: false }) !== undefined;
    } catch (error) {
      throw this.#unreadable(error);
    }
  }

  /** A user without write access, such as an auditor, reads the file as it is. */
  #read<Result>(work: (database: DatabaseSync) => Result): Result {
    if (this.#database !== undefined || mayBeWritten(this.#path)) return this.#run(work);
    try {
      return readOnly(this.#path, work);
    } catch (error) {
      throw this.#unreadable(error);
    }
  }

  #unreadable(error: unknown): UserError {
    if (error instanceof UserError) return error;
    const problem = `The staging file ${this.#path} cannot be read (${messageOf(error)})`;
    return new UserError('staging-unavailable', withRemedy(problem, readRemedy));
  }

  #run<Result>(work: (database: DatabaseSync) => Result): Result {
    return this.#checked(() => {
      this.#database ??= this.#open();
      return work(this.#database);
    });
  }

  #checked<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      const problem = `The staging file ${this.#path} cannot be used (${messageOf(error)})`;
      throw new UserError('staging-unavailable', withRemedy(problem, remedyOf(error)));
    }
  }

  #open(): DatabaseSync {
    makeFolder(dirname(this.#path), 0o700);
    accessFolder(dirname(this.#path));
    // It contains ids of messages and alerts. SQLite gives the files beside it the same mode.
    makePrivateFile(this.#path);
    const database = new DatabaseSync(this.#path, { timeout: lockWaitMsMax });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    database.exec(tables);
    return database;
  }
}

function remedyOf(error: unknown): string {
  const { errcode = 0 } = error as { readonly errcode?: number };
  // The higher bytes are details of the primary code.
  return remedies[errcode & 0xff] ?? usualRemedy;
}

/** An id as bytes: SQLite's TEXT would end at a NUL, which an id may contain. */
function idBytes(id: string): Uint8Array {
  return Buffer.from(id, 'utf8');
}

/** A read-only file of an earlier version has no table of sources. */
function sourceRecords(database: DatabaseSync, archive: string): SourceRecord[] {
  if (database.prepare(hasSources).get() === undefined) return [];
  return read<SourceRecord>(
    database.prepare('SELECT record AS json FROM sources WHERE archive = ? ORDER BY source'),
    archive,
  );
}

function read<T>(statement: StatementSync, ...values: string[]): T[] {
  return statement.all(...values).map((row) => JSON.parse(row.json as string) as T);
}
