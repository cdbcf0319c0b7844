import { access, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SqliteStaging } from '../../src/io/sqlite.ts';
import { slotAt } from '../../src/windows/slots.ts';
import { failureOf } from '../support/failure.ts';
import { testFolder } from '../support/folders.ts';
import { stagedMessage } from '../support/ledger.ts';
import { runScript } from '../support/processes.ts';
import { stagingConformance, stagingUnderTest } from './conformance/staging.ts';

const slot = slotAt(0, { windowDays: 60, partitionBy: 'month' });

stagingConformance('SqliteStaging', async () => {
  const file = join(await testFolder(), 'staging.sqlite');
  return stagingUnderTest((archive) => new SqliteStaging(file, archive));
});

describe('SqliteStaging', () => {
  it('makes its folder with its file, and neither before the first slot', async () => {
    const folder = await testFolder();
    const staging = new SqliteStaging(join(folder, 'some', 'where', 'staging.sqlite'), 'archive');
    await staging.prepare();
    expect(await readdir(folder)).toEqual([]);
    await staging.stage([stagedMessage({ slot: slot.id })]);
    expect((await staging.state()).staged).toHaveLength(1);
    await staging.close();
  });

  it('says that a file is in the way of its folder', async () => {
    const folder = await testFolder();
    await writeFile(join(folder, 'file'), '');
    const file = join(folder, 'file', 'below', 'staging.sqlite');
    expect(await failureOf(new SqliteStaging(file, 'archive').prepare())).toContain(`${file} cannot be used (ENOTDIR`);
  });

  it('says that its file is damaged', async () => {
    const file = join(await testFolder(), 'staging.sqlite');
    await writeFile(file, 'this is no database, '.repeat(1_000));
    const staging = new SqliteStaging(file, 'archive');
    expect(await failureOf(staging.prepare())).toContain(file);
    expect(await failureOf(staging.state())).toContain(file);
    expect(await failureOf(staging.stage([stagedMessage({ slot: slot.id })]))).toContain(file);
    await staging.close();
  });

  it('stages all messages of a list or none', async () => {
    const staging = new SqliteStaging(join(await testFolder(), 'staging.sqlite'), 'archive');
    const broken = { ...stagedMessage({ slot: slot.id, message_id: 'b' }), read_at: null as unknown as string };
    await failureOf(staging.stage([stagedMessage({ slot: slot.id, message_id: 'a' }), broken]));
    expect((await staging.state()).staged).toEqual([]);
    await staging.close();
  });

  it('is made by several processes at once', async () => {
    const file = join(await testFolder(), 'staging.sqlite');
    await Promise.all(['a', 'b', 'c'].map((id) => runScript('stage-one.ts', file, id)));
    const staging = new SqliteStaging(file, 'archive');
    expect((await staging.state()).staged.map(({ message_id }) => message_id)).toEqual(['a', 'b', 'c']);
    await staging.close();
  });

  it('makes no file by looking', async () => {
    const file = join(await testFolder(), 'staging.sqlite');
    expect(await new SqliteStaging(file, 'archive').state()).toEqual({ ledger: [], staged: [] });
    await expect(access(file)).rejects.toThrow('ENOENT');
  });
});
