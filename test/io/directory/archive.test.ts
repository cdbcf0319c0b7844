import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { objectPath } from '../../../src/archive/layout.ts';
import { clock } from '../../../src/io/clock.ts';
import { DirectoryArchive } from '../../../src/io/directory/archive.ts';
import { slotAt } from '../../../src/windows/slot.ts';
import { errorOf } from '../../support/failure.ts';
import { testFolder } from '../../support/folders.ts';
import { runScript, startScript } from '../../support/processes.ts';
import { archiveConformance } from '../conformance/archive.ts';

const now = Date.now();
const path = objectPath(slotAt(0, { windowDays: 60, partitionBy: 'month' }), 'parquet');

function archiveIn(folder: string): DirectoryArchive {
  return new DirectoryArchive({ folder, clock, newId: randomUUID });
}

async function prepared(folder: string): Promise<DirectoryArchive> {
  const archive = archiveIn(folder);
  await archive.prepare();
  return archive;
}

archiveConformance('DirectoryArchive', async () => {
  const folder = join(await testFolder(), 'archive');
  const handles = [await prepared(folder)];
  return {
    archive: handles[0]!,
    async secondHandle() {
      handles.push(await prepared(folder));
      return handles.at(-1)!;
    },
    remove: (object) => rm(join(folder, object)),
    cleanUp: async () => void (await Promise.all(handles.map((handle) => handle.close()))),
  };
});

describe('DirectoryArchive', () => {
  it('publishes after a process that held the lock was killed', async () => {
    const archive = await prepared(await testFolder());
    const holder = startScript('hold-lock.ts', join(archive.scratch, 'lock.sqlite'));
    await once(holder.stdout!, 'data');
    holder.kill('SIGKILL');
    expect(await archive.publish(path, { text: 'x' }, undefined)).toMatchObject({ outcome: 'committed' });
    await archive.close();
  });

  it('loses no update of concurrent processes', async () => {
    const folder = await testFolder();
    const archive = await prepared(folder);
    await archive.publish(path, { text: '100' }, undefined);
    await Promise.all([1, 2].map(() => runScript('count-up.ts', folder, path, '30')));
    const object = (await archive.open(path))!;
    expect(Buffer.from(await object.read(0, object.size)).toString()).toBe('160');
    await object.close();
    await archive.close();
  });

  it('gives different versions to files within one tick of the clock, and after it was set back', async () => {
    const archive = await prepared(await testFolder());
    const versions: (string | undefined)[] = [undefined];
    for (const [n, hoursAgo] of [1, 1, 1, 2].entries()) {
      const file = join(archive.scratch, `${n}.tmp`);
      await age(file, hoursAgo, String(n));
      const body = { path: file, bytes: 1, sha256: '', metadata: [] };
      const outcome = await archive.publish(path, body, versions.at(-1));
      versions.push(outcome.outcome === 'committed' ? outcome.version : expect.fail(outcome.outcome));
    }
    expect(new Set(versions).size).toBe(5);
    expect(await archive.publish(path, { text: '5' }, versions[1])).toEqual({ outcome: 'conflict' });
    await archive.close();
  });

  it('publishes a file that its user alone could read with the mode that the umask gives', async () => {
    const folder = await testFolder();
    const archive = await prepared(folder);
    const file = join(archive.scratch, 'made.tmp');
    await writeFile(file, 'x', { mode: 0o600 });
    const body = { path: file, bytes: 1, sha256: '', metadata: [] };
    expect(await archive.publish(path, body, undefined)).toMatchObject({ outcome: 'committed' });
    expect((await stat(join(folder, path))).mode & 0o777).toBe(0o666 & ~process.umask());
    await archive.close();
  });

  it('removes what is left over from more than a day ago, and nothing else', async () => {
    const archive = await prepared(await testFolder());
    const write = (name: string, hoursAgo: number) => age(join(archive.scratch, name), hoursAgo);
    await Promise.all([write('old.tmp', 25), write('new.tmp', 23), write('old.other', 25)]);
    await archive.prepare();
    expect(await readdir(archive.scratch)).toEqual(['new.tmp', 'old.other']);
  });

  it('reports a folder that cannot be written', async () => {
    const file = join(await testFolder(), 'file');
    await writeFile(file, '');
    const archive = archiveIn(join(file, 'archive'));
    const unavailable = (name: string) => ({ code: 'archive-unavailable', message: expect.stringContaining(name) });
    expect(await errorOf(archive.prepare())).toMatchObject(unavailable(join(file, 'archive')));
    expect(await errorOf(archive.put('_report/index.html', Buffer.from('x')))).toMatchObject({
      code: 'file-unwritable',
      message: expect.stringContaining('_report/index.html'),
    });
    expect(await errorOf(archive.list())).toMatchObject(unavailable(join(file, 'archive')));
    expect(await errorOf(archive.open(path))).toMatchObject(unavailable(path));
    expect(await archive.publish(path, { text: 'x' }, undefined)).toMatchObject({ outcome: 'unknown' });
  });

  it.runIf(existsSync('/proc'))('reports a folder that cannot be created', async () => {
    expect(await errorOf(archiveIn('/proc/nowhere/archive').prepare())).toMatchObject({
      code: 'archive-unavailable',
      message: expect.stringContaining('/proc/nowhere/archive'),
    });
  });

  it('is empty without a folder, and creates none by reading', async () => {
    const folder = join(await testFolder(), 'archive');
    const archive = archiveIn(folder);
    expect(await archive.list()).toEqual([]);
    expect(await archive.open(path)).toBeUndefined();
  });
});

async function age(file: string, hours: number, text = 'x'): Promise<void> {
  await writeFile(file, text);
  const time = new Date(now - hours * 3_600_000);
  await utimes(file, time, time);
}
