import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { UserError } from '../../errors.ts';
import { accessFolder } from '../files.ts';

const lockWaitMsMax = 30_000;
const attemptsMax = 5;

/** True if this process may write a SQLite file, which requires files beside it, or create it. */
export function mayBeWritten(path: string): boolean {
  try {
    accessFolder(dirname(path));
    if (existsSync(path)) accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads a SQLite file in WAL mode that this process may not write.
 * @throws an error of SQLite or the system; UserError if other processes keep opening and closing the file
 */
export function readOnly<Result>(path: string, work: (database: DatabaseSync) => Result): Result {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const before = stateOf(path);
    const read = attempted(() => using(open(path, before.isOpen), work));
    const after = stateOf(path);
    if (after.isOpen === before.isOpen && (before.isOpen || after.version === before.version)) return read();
  }
  throw new UserError(
    'staging-unavailable',
    `The staging file ${path} was opened and closed by another process during all ${attemptsMax} reads. Re-run.`,
  );
}

/**
 * While a process has the file open, the files beside it provide locks. Otherwise they are missing and cannot be created: the
 * file is opened as immutable, and the result counts only if it did not change meanwhile.
 */
function open(path: string, isOpen: boolean): DatabaseSync {
  const url = pathToFileURL(path);
  if (!isOpen) url.searchParams.set('immutable', '1');
  return new DatabaseSync(url, { readOnly: true, timeout: lockWaitMsMax });
}

function stateOf(path: string): { readonly isOpen: boolean; readonly version: string } {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true });
  return { isOpen: existsSync(`${path}-wal`), version: `${ino} ${size} ${mtimeNs}` };
}

function using<Result>(database: DatabaseSync, work: (database: DatabaseSync) => Result): Result {
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** Runs the work, and returns a function that returns or throws its result. */
function attempted<Result>(work: () => Result): () => Result {
  try {
    const result = work();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
