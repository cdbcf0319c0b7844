import { chown, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { removeStaleFolders, TemporaryFolder } from '../../../src/io/process/temporary.ts';
import { errorOf } from '../../support/failure.ts';
import { testFolder } from '../../support/folders.ts';

async function made(parent: string): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.create(parent);
  onTestFinished(() => folder.remove());
  return folder;
}

/** The folder of a killed run: no process holds its lock. */
async function leftover(folder: string): Promise<string> {
  await mkdir(folder);
  for (const name of ['lock.sqlite', 'owner', 'a.spool']) await writeFile(join(folder, name), '');
  return folder;
}

describe('TemporaryFolder', () => {
  it('and its content are accessible to its user only', async () => {
    const { path } = await made(await testFolder());
    const mode = async (name: string) => (await stat(join(path, name))).mode & 0o777;
    expect(await mode('')).toBe(0o700);
    const names = (await readdir(path)).sort();
    expect(names).toEqual(['lock.sqlite', 'owner']);
    for (const name of names) expect(await mode(name)).toBe(0o600);
  });

  it('is removed with its content', async () => {
    const parent = await testFolder();
    const folder = await made(parent);
    await mkdir(join(folder.path, 'objects'));
    await writeFile(join(folder.path, 'objects', 'x.tmp'), 'x');
    await folder.remove();
    expect(await readdir(parent)).toEqual([]);
    const other = await made(parent);
    other.removeSync();
    expect(await readdir(parent)).toEqual([]);
    other.removeSync();
  });

  it('reports the parent if it cannot be created', async () => {
    const file = join(await testFolder(), 'file');
    await writeFile(file, '');
    expect(await errorOf(TemporaryFolder.create(file))).toMatchObject({
      code: 'file-unwritable',
      message: expect.stringContaining(file),
    });
  });
});

describe('removeStaleFolders', () => {
  it('removes the folders of killed runs', async () => {
    const parent = await testFolder();
    await leftover(join(parent, 'message-archive-AbC012'));
    await leftover(join(parent, 'message-archive-xyzxyz'));
    expect(removeStaleFolders(parent)).toBe(2);
    expect(await readdir(parent)).toEqual([]);
    expect(removeStaleFolders(parent)).toBe(0);
    expect(removeStaleFolders(join(parent, 'nowhere'))).toBe(0);
  });

  it('keeps folders that a live run has locked, or is about to', async () => {
    const parent = await testFolder();
    const { path } = await made(parent);
    const inCreation = join(parent, 'message-archive-AbC012');
    await mkdir(inCreation);
    await writeFile(join(inCreation, 'lock.sqlite'), '');
    expect(removeStaleFolders(parent)).toBe(0);
    expect((await readdir(parent)).map((name) => join(parent, name)).sort()).toEqual([path, inCreation].sort());
  });

  it('keeps other names, and anything that is no folder of a run', async () => {
    const parent = await testFolder();
    await leftover(join(parent, 'message-archive-demo'));
    await leftover(join(parent, 'message-archive-AbC012.bak'));
    await mkdir(join(parent, 'message-archive-AbC012'));
    await writeFile(join(parent, 'message-archive-xyzxyz'), '');
    expect(removeStaleFolders(parent)).toBe(0);
    expect(await readdir(parent)).toHaveLength(4);
  });

  it('never follows a link, to a folder or to a file within one', async () => {
    const parent = await testFolder();
    const elsewhere = await leftover(join(await testFolder(), 'elsewhere'));
    await symlink(elsewhere, join(parent, 'message-archive-AbC012'));
    const linked = join(parent, 'message-archive-xyzxyz');
    await mkdir(linked);
    await symlink(join(elsewhere, 'lock.sqlite'), join(linked, 'lock.sqlite'));
    await writeFile(join(linked, 'owner'), '');
    expect(removeStaleFolders(parent)).toBe(0);
    const within = await leftover(join(parent, 'message-archive-linked'));
    await symlink(elsewhere, join(within, 'objects'));
    expect(removeStaleFolders(parent)).toBe(1);
    expect((await readdir(elsewhere)).sort()).toEqual(['a.spool', 'lock.sqlite', 'owner']);
  });

  it.runIf(process.getuid?.() === 0)("keeps another user's folders", async () => {
    const parent = await testFolder();
    const folder = await leftover(join(parent, 'message-archive-AbC012'));
    await chown(folder, 65_534, 65_534);
    expect(removeStaleFolders(parent)).toBe(0);
    expect(await readdir(folder)).toHaveLength(3);
  });
});
