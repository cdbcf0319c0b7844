import { access, chmod, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SqliteStaging } from '../../../src/io/sqlite/staging.ts';
import { slotAt } from '../../../src/windows/slot.ts';
import { errorOf } from '../../support/failure.ts';
import { testFolder } from '../../support/folders.ts';
import { stagedMessage } from '../../support/ledger.ts';
import { runScript } from '../../support/processes.ts';
import { stagingConformance, stagingUnderTest } from '../conformance/staging.ts';

const slot = slotAt(0, { windowDays: 60, partitionBy: 'month' });

stagingConformance('SqliteStaging', async () => {
  const file = join(await testFolder(), 'staging.sqlite');
  return stagingUnderTest((archive) => new SqliteStaging(file, archive));
});

describe('SqliteStaging', () => {
  it('creates its folder and file at the first access to a slot', async () => {
    const folder = await testFolder();
    const staging = new SqliteStaging(join(folder, 'some', 'where', 'staging.sqlite'), 'archive');
    await staging.prepare();
    expect(await readdir(folder)).toEqual([]);
    await staging.stage([stagedMessage({ slot: slot.id })]);
    expect((await staging.state()).staged).toHaveLength(1);
    await staging.close();
  });

  it('creates its folder and files for its user only, and keeps the modes of existing ones', async () => {
    const parent = await testFolder();
    const folder = join(parent, 'staging');
    const file = join(folder, 'staging.sqlite');
    const modes = async () => {
      const names = (await readdir(folder)).sort();
      const found = await Promise.all(['', ...names].map((name) => stat(join(folder, name))));
      return ['', ...names].map((name, n) => `${name} ${(found[n]!.mode & 0o777).toString(8)}`);
    };
    const staging = new SqliteStaging(file, 'archive');
    await staging.stage([stagedMessage({ slot: slot.id })]);
    expect(await modes()).toEqual([' 700', 'staging.sqlite 600', 'staging.sqlite-shm 600', 'staging.sqlite-wal 600']);
    await staging.close();
    await chmod(file, 0o640);
    await chmod(folder, 0o750);
    const again = new SqliteStaging(file, 'archive');
    await again.stage([stagedMessage({ slot: slot.id, message_id: 'b' })]);
    expect(await modes()).toEqual([' 750', 'staging.sqlite 640', 'staging.sqlite-shm 640', 'staging.sqlite-wal 640']);
    await again.close();
  });

  it('reports a file in place of its folder', async () => {
    const folder = await testFolder();
    await writeFile(join(folder, 'file'), '');
    const file = join(folder, 'file', 'below', 'staging.sqlite');
    expect(await errorOf(new SqliteStaging(file, 'archive').prepare())).toMatchObject({
      code: 'staging-unavailable',
      message: expect.stringMatching(/below.staging\.sqlite .*\(ENOTDIR/),
    });
  });

  it('reports a damaged file', async () => {
    const file = join(await testFolder(), 'staging.sqlite');
    await writeFile(file, 'this is no database, '.repeat(1_000));
    const staging = new SqliteStaging(file, 'archive');
    const unavailable = { code: 'staging-unavailable', message: expect.stringContaining(file) };
    expect(await errorOf(staging.prepare())).toMatchObject(unavailable);
    expect(await errorOf(staging.state())).toMatchObject(unavailable);
    expect(await errorOf(staging.stage([stagedMessage({ slot: slot.id })]))).toMatchObject(unavailable);
    await staging.close();
  });

  it('stages all messages of a list or none', async () => {
    const staging = new SqliteStaging(join(await testFolder(), 'staging.sqlite'), 'archive');
    const broken = { ...stagedMessage({ slot: slot.id, message_id: 'b' }), read_at: null as unknown as string };
    await errorOf(staging.stage([stagedMessage({ slot: slot.id, message_id: 'a' }), broken]));
    expect((await staging.state()).staged).toEqual([]);
    await staging.close();
  });

  it('can be created by concurrent processes', async () => {
    const file = join(await testFolder(), 'staging.sqlite');
    await Promise.all(['a', 'b', 'c'].map((id) => runScript('stage-one.ts', file, id)));
    const staging = new SqliteStaging(file, 'archive');
    expect((await staging.state()).staged.map(({ message_id }) => message_id)).toEqual(['a', 'b', 'c']);
    await staging.close();
  });

  it('does not create its file by reading', async () => {
    const file = join(await testFolder(), 'staging.sqlite');
    expect(await new SqliteStaging(file, 'archive').state()).toEqual({ ledger: [], staged: [] });
    expect(await new SqliteStaging(file, 'archive').note('issue')).toBeUndefined();
    await expect(access(file)).rejects.toThrow('ENOENT');
  });

  describe('without write access', () => {
    /** A folder and a file in which `a` is pending; both are read-only until the test ends. */
    async function readOnlyFile(isOpen = false) {
      const folder = await testFolder();
      const file = join(folder, 'a b%?.sqlite');
      const staging = new SqliteStaging(file, 'archive');
      await staging.stage([stagedMessage({ slot: slot.id, message_id: 'a' })]);
      await staging.close();
      await chmod(file, 0o644);
      if (isOpen) await staging.state();
      await chmod(file, 0o444);
      await chmod(folder, 0o555);
      onTestFinished(async () => {
        await chmod(folder, 0o755);
        await staging.close();
      });
      return { folder, file };
    }

    it.each([false, true])(
      'reads the file, and creates nothing beside it (open in another process: %s)',
      async (isOpen) => {
        const { folder, file } = await readOnlyFile(isOpen);
        const before = await readdir(folder);
        expect(before.length).toBe(isOpen ? 3 : 1);
        expect(await runScript('read-staging.ts', file)).toBe('a\n');
        expect(await readdir(folder)).toEqual(before);
      },
    );

    it('finds no note in a file of an earlier version', async () => {
      const folder = await testFolder();
      const file = join(folder, 'staging.sqlite');
      const staging = new SqliteStaging(file, 'archive');
      await staging.stage([stagedMessage({ slot: slot.id, message_id: 'a' })]);
      await staging.close();
      const database = new DatabaseSync(file);
      database.exec('DROP TABLE notes');
      database.close();
      await chmod(file, 0o444);
      await chmod(folder, 0o555);
      onTestFinished(() => chmod(folder, 0o755));
      expect(await runScript('read-staging.ts', file)).toBe('a\n');
    });

    it('reports a file that cannot be read', async () => {
      const { folder, file } = await readOnlyFile();
      const said = `The staging file ${file} cannot be read (`;
      await chmod(file, 0o000);
      expect(await runScript('read-staging.ts', file)).toContain(said);
      await chmod(folder, 0o000);
      expect(await runScript('read-staging.ts', file)).toContain(said);
    });
  });
});
