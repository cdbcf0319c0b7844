import { mkdirSync, renameSync, type Stats, statSync, utimesSync } from 'node:fs';
import {
  access,
  chmod,
  constants,
  type FileHandle,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isInPartition } from '../../archive/layout.ts';
import { messageOf, UserError, writeFailure } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import { makeFolder } from '../files.ts';
import type { Archive, Body, ListedObject, OpenObject, Outcome } from '../ports.ts';

const lockWaitMsMax = 30_000;
const leftoverMsMax = 24 * 3_600_000;

export interface DirectorySettings {
  readonly folder: string;
  readonly clock: Clock;
  /** Returns a different id at each call. */
  readonly newId: () => string;
}

/**
 * An archive in a local folder, for one machine. An object is published by a rename under a lock, after its version was
 * compared. The lock is a SQLite transaction, which ends with the process that holds it.
 */
export class DirectoryArchive implements Archive {
  readonly url: string;
  readonly scratch: string;
  readonly #root: string;
  readonly #clock: Clock;
  readonly #newId: () => string;
  #lock: DatabaseSync | undefined;

  constructor({ folder, clock, newId }: DirectorySettings) {
    this.#clock = clock;
    this.#newId = newId;
    this.#root = resolve(folder);
    this.url = `file:${folder}`;
    this.scratch = join(this.#root, '_tmp');
  }

  async prepare(): Promise<void> {
    try {
      makeFolder(this.scratch);
      await access(this.#root, constants.W_OK);
      await removeLeftovers(this.scratch, this.#clock.now());
    } catch (error) {
      throw new UserError(
        'archive-unavailable',
        `The archive folder ${this.#root} cannot be written (${messageOf(error)}). Check its permissions, or name another folder.`,
      );
    }
  }

  async list(): Promise<ListedObject[]> {
    const entries = await readdir(this.#root, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw new UserError(
        'archive-unavailable',
        `The archive folder ${this.#root} cannot be listed (${messageOf(error)}). Check its permissions, or name another folder.`,
      );
    });
    const paths = entries.map((path) => path.replaceAll('\\', '/')).filter(isInPartition);
    const listed = paths.sort().map(async (path) => {
      const found = await stat(join(this.#root, path), { bigint: true }).catch(() => undefined);
      return found?.isFile() !== true ? [] : [{ path, version: versionOf(found), bytes: Number(found.size) }];
    });
    return (await Promise.all(listed)).flat();
  }

  async open(path: string): Promise<OpenObject | undefined> {
    try {
      const file = await open(join(this.#root, path), 'r');
      const found = await file.stat({ bigint: true });
      return openObject(path, file, versionOf(found), Number(found.size));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new UserError(
        'archive-unavailable',
        `The object ${path} of the archive folder ${this.#root} cannot be read (${messageOf(error)}). Check its permissions, or name another folder.`,
      );
    }
  }

  async publish(path: string, body: Body, expected: string | undefined): Promise<Outcome> {
    const target = join(this.#root, path);
    const finished = 'path' in body ? body.path : join(this.scratch, `${this.#newId()}.tmp`);
    try {
      if ('text' in body) await writeFile(finished, body.text, { flag: 'wx' });
      await makeReadable(finished);
      await synced(finished);
      return this.#locked(() => {
        const there = statSync(target, { bigint: true, throwIfNoEntry: false });
        if (expected !== undefined && there === undefined) return { outcome: 'missing' };
        if ((there && versionOf(there)) !== expected) return { outcome: 'conflict' };
        mkdirSync(dirname(target), { recursive: true });
        if (there !== undefined) makeLater(finished, there);
        renameSync(finished, target);
        return { outcome: 'committed', version: versionOf(statSync(target, { bigint: true })) };
      });
    } catch (error) {
      return { outcome: 'unknown', reason: messageOf(error) };
    } finally {
      await synced(dirname(target)).catch(() => undefined);
      await rm(finished, { force: true }).catch(() => undefined);
    }
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    const target = join(this.#root, path);
    const finished = join(this.scratch, `${this.#newId()}.tmp`);
    try {
      await mkdir(dirname(target), { recursive: true });
      await writeFile(finished, bytes, { flag: 'wx' });
      await synced(finished);
      await rename(finished, target);
    } catch (error) {
      throw writeFailure(`The object ${path} of the archive folder ${this.#root}`, error);
    } finally {
      await rm(finished, { force: true }).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#lock?.close();
    this.#lock = undefined;
  }

  #locked<Result>(work: () => Result): Result {
    this.#lock ??= new DatabaseSync(join(this.scratch, 'lock.sqlite'), { timeout: lockWaitMsMax });
    this.#lock.exec('BEGIN EXCLUSIVE');
    try {
      return work();
    } finally {
      this.#lock.exec('ROLLBACK');
    }
  }
}

/** A file's version: its size and modification time, which a rename keeps, as does a copy that preserves times. */
function versionOf(found: { size: bigint; mtimeNs: bigint }): string {
  return `${found.size}-${found.mtimeNs}`;
}

/** The mode of new files under the user's umask: readers of the archive may read its new objects. */
const objectMode = 0o666 & ~process.umask();

/** Gives a finished file, until then private, the mode of an object. */
async function makeReadable(path: string): Promise<void> {
  await chmod(path, objectMode).catch((error: NodeJS.ErrnoException) => {
    // Some file systems do not support modes.
    if (error.code !== 'EPERM' && error.code !== 'ENOTSUP') throw error;
  });
}

/** Makes a file newer than the one it replaces: with a coarse clock, both might have the same version. */
function makeLater(path: string, there: { mtimeNs: bigint }): void {
  if (statSync(path, { bigint: true }).mtimeNs > there.mtimeNs) return;
  const seconds = Number(there.mtimeNs / 1_000_000n + 2n) / 1000;
  utimesSync(path, seconds, seconds);
}

function openObject(path: string, file: FileHandle, version: string, size: number): OpenObject {
  return {
    version,
    size,
    async read(start, end) {
      const bytes = new Uint8Array(end - start);
      for (let done = 0; done < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
        if (bytesRead === 0)
          throw new UserError(
            'object-damaged',
            `The object ${path} ended at byte ${start + done} of ${size} while it was read: another program truncated it. Restore it, then re-run.`,
          );
        done += bytesRead;
      }
      return bytes;
    },
    close: () => file.close(),
  };
}

/** Waits until a file's content, or a folder's entries, are on disk. */
async function synced(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes temporary files of runs that were killed; recent ones may belong to a live run. */
async function removeLeftovers(folder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.tmp')) continue;
    const found: Stats | undefined = await stat(join(folder, name)).catch(() => undefined);
    if (found !== undefined && nowMs - found.mtimeMs > leftoverMsMax) await rm(join(folder, name), { force: true });
  }
}
