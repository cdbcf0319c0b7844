import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findArchive, openArchive } from '../../src/commands/open-archive.ts';
import { clock } from '../../src/io/clock.ts';
import { DirectoryArchive } from '../../src/io/directory/archive.ts';
import type { Archive } from '../../src/io/ports.ts';
import { around } from '../support/crashing.ts';
import { filesBelow, plainSettings, scratchFolder } from '../support/embedded.ts';
import { plainShape } from '../support/messages.ts';

let folder = '';
let archive: DirectoryArchive;

beforeEach(async () => {
  folder = await mkdtemp(join(scratchFolder, 'archive-'));
  archive = new DirectoryArchive({ folder: join(folder, 'archive'), clock, newId: randomUUID });
  await archive.prepare();
});
afterEach(async () => {
  await archive.close();
  await rm(folder, { recursive: true, force: true });
});

const columns = [{ name: 'subject', pointer: ['subject'], type: 'string' as const }];
const withColumns = { ...plainSettings, shape: { ...plainShape, columns } };
const [one, two, faster, slower] = [1, 2, 3, 4].map((n) => `3f2b7c1e-0000-4000-8000-00000000000${n}`) as [
  string,
  string,
  string,
  string,
];
const id = (text: string) => () => text;
const file = () => readFile(join(folder, 'archive', '_archive.json'), 'utf8');

describe('openArchive', () => {
  it('creates an archive with a new id, once', async () => {
    expect(await openArchive(archive, plainSettings, id(one))).toBe(one);
    const before = await file();
    expect(await openArchive(archive, plainSettings, id(two))).toBe(one);
    expect(await file()).toBe(before);
  });

  it('adds columns, and keeps the id', async () => {
    await openArchive(archive, plainSettings, id(one));
    expect(await openArchive(archive, withColumns, id(two))).toBe(one);
    expect(JSON.parse(await file())).toMatchObject({ id: one, settings: { columns: ['subject: /subject string'] } });
    await expect(openArchive(archive, plainSettings, id(two))).rejects.toThrow('`columns`');
  });

  it('refuses other settings and changes nothing', async () => {
    await openArchive(archive, plainSettings, id(one));
    const before = await file();
    const other = { ...plainSettings, format: 'jsonl' as const };
    await expect(openArchive(archive, other, id(two))).rejects.toThrow('`format`');
    expect(await file()).toBe(before);
  });

  it('takes the id of another run that was faster', async () => {
    const other = new DirectoryArchive({ folder: join(folder, 'archive'), clock, newId: randomUUID });
    const slow = around<Archive>(archive, async (method, call) => {
      if (method === 'publish') await openArchive(other, plainSettings, id(faster));
      return call();
    });
    expect(await openArchive(slow, plainSettings, id(slower))).toBe(faster);
    await other.close();
  });

  it('refuses objects without _archive.json, for readers too', async () => {
    const path = 'month=2024-06/messages-20240601T000000Z-20240701T000000Z.parquet';
    await archive.publish(path, { text: 'an object' }, undefined);
    const error = { code: 'archive-invalid', message: expect.stringContaining(path) };
    await expect(openArchive(archive, plainSettings, id(one))).rejects.toMatchObject(error);
    await expect(findArchive(archive, plainSettings)).rejects.toMatchObject(error);
    expect(await archive.list()).toHaveLength(1);
    await archive.publish('month=2024-06/notes.txt', { text: 'notes' }, undefined);
    await expect(openArchive(archive, plainSettings, id(one))).rejects.toThrow(' and 1 other object, but no _archive');
  });

  it('is not misled by what another run makes and writes meanwhile', async () => {
    const other = new DirectoryArchive({ folder: join(folder, 'archive'), clock, newId: randomUUID });
    const slow = around<Archive>(archive, async (method, call) => {
      if (method === 'list') {
        await openArchive(other, plainSettings, id(faster));
        await other.publish('month=2024-06/notes.txt', { text: 'notes' }, undefined);
      }
      return call();
    });
    expect(await openArchive(slow, plainSettings, id(slower))).toBe(faster);
    await other.close();
  });

  it('fails if the file cannot be written', async () => {
    const stuck = around<Archive>(archive, async (method, call) =>
      method === 'publish' ? { outcome: 'unknown', reason: 'the connection broke' } : call(),
    );
    await expect(openArchive(stuck, plainSettings, id(one))).rejects.toMatchObject({
      code: 'archive-unavailable',
    });
  });

  it('refuses an _archive.json larger than 1 MiB', async () => {
    await archive.prepare();
    await writeFile(join(folder, 'archive', '_archive.json'), ' '.repeat(1024 * 1024 + 1));
    await expect(openArchive(archive, plainSettings, id(one))).rejects.toMatchObject({ code: 'archive-invalid' });
  });
});

describe('findArchive', () => {
  it('returns undefined without an archive, and writes nothing', async () => {
    expect(await findArchive(archive, plainSettings)).toBeUndefined();
    expect(await filesBelow(folder)).toEqual([]);
  });

  it('returns the id, and does not add columns', async () => {
    await openArchive(archive, plainSettings, id(one));
    const before = await file();
    expect(await findArchive(archive, withColumns)).toBe(one);
    expect(await file()).toBe(before);
  });
});
