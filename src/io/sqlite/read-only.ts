import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { UserError } from '../../errors.ts';
import { accessFolder } from '../files.ts';

const lockWaitMsMax = 30_000;
const attemptsMax = 5;

/** Whether this process may write to a SQLite file, which takes files beside it; also to one that is yet to be made. */
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
 * Reads a SQLite file, in the mode WAL, that this process may not write.
 * @throws what SQLite or the system has against it
 */
export function readOnly<Result>(path: string, work: (database: DatabaseSync) => Result): Result {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const before = stateOf(path);
    const read = attempted(() => using(open(path, before.isOpen), work));
    const after = stateOf(path);
    if (after.isOpen === before.isOpen && (before.isOpen || after.version === before.version)) return read();
  }
  throw new UserError('it was opened and closed each time that it was read');
}

/**
 * While somebody has the file open it is locked by what lies beside it. Else there is nothing to lock, nor may it be made
 * here: the file is taken for one that does not change, and what was read counts if it did not.
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

/** What came of the work, a failure too, to be had later. */
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
