import type { Stats } from 'node:fs';
import { lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { writeFailure } from '../../errors.ts';
import { makePrivateFile } from '../files.ts';

const prefix = 'message-archive-';
/** The names that `mkdtemp` creates from the prefix. */
const folderName = /^message-archive-[A-Za-z0-9]{6}$/;
/** Locked while the process that created the folder lives: the system releases the lock, however the process ends. */
const lockName = 'lock.sqlite';
/** Contains the process id. Written once the lock is held: a folder without it may still be in creation. */
const ownerName = 'owner';

/** A folder of mode 0700 for a run's messages in progress, removed at the end of the run. */
export class TemporaryFolder {
  readonly path: string;
  readonly #lock: DatabaseSync;

  private constructor(path: string, lock: DatabaseSync) {
    this.path = path;
    this.#lock = lock;
  }

  /** @throws UserError if the parent folder cannot be written */
  static async create(parent: string): Promise<TemporaryFolder> {
    let path: string | undefined;
    try {
      path = await mkdtemp(join(parent, prefix));
      const lock = lockOf(path);
      writeFileSync(join(path, ownerName), `${process.pid}\n`, { mode: 0o600 });
      return new TemporaryFolder(path, lock);
    } catch (error) {
      if (path !== undefined) rmSync(path, { recursive: true, force: true });
      throw writeFailure(`The folder for temporary files ${parent}`, error);
    }
  }

  async remove(): Promise<void> {
    if (this.#lock.isOpen) this.#lock.close();
    await rm(this.path, { recursive: true, force: true });
  }

  /** {@link remove}, synchronously. Never throws: a later run removes what remains. */
  removeSync(): void {
    try {
      if (this.#lock.isOpen) this.#lock.close();
      rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
    } catch {}
  }
}

/**
 * Removes the temporary folders of this user's killed runs. Keeps those of live processes and anything that is not certainly
 * such a folder; never follows a link.
 * @returns the number of removed folders
 */
export function removeStaleFolders(parent: string): number {
  let removed = 0;
  for (const name of namesIn(parent)) {
    if (folderName.test(name) && removeStale(join(parent, name))) removed += 1;
  }
  return removed;
}

function namesIn(parent: string): string[] {
  try {
    return readdirSync(parent);
  } catch {
    return [];
  }
}

function removeStale(folder: string): boolean {
  const isOwn = (path: string, isKind: (found: Stats) => boolean) => {
    const found = lstatSync(path);
    return isKind(found) && found.uid === (process.getuid?.() ?? found.uid);
  };
  const isFile = (found: Stats) => found.isFile();
  try {
    if (!isOwn(folder, (found) => found.isDirectory())) return false;
    if (!isOwn(join(folder, ownerName), isFile) || !isOwn(join(folder, lockName), isFile)) return false;
    lockOf(folder).close();
    rmSync(folder, { recursive: true, force: true });
    return true;
  } catch {
    // Its process is alive, or another run removes it.
    return false;
  }
}

/** @throws SQLite's error if another process holds the lock */
function lockOf(folder: string): DatabaseSync {
  const path = join(folder, lockName);
  makePrivateFile(path);
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;');
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}
