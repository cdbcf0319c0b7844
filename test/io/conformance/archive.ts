import { createHash, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { objectPath, quarantineFolder, settingsPath } from '../../../src/archive/layout.ts';
import { UserError } from '../../../src/errors.ts';
import type { Archive, Body, ListedObject, OpenObject } from '../../../src/io/ports.ts';
import { slotAt } from '../../../src/windows/slot.ts';

export interface ArchiveUnderTest {
  /** Empty and prepared. */
  readonly archive: Archive;
  /** Another client of the same store, prepared. */
  secondHandle(): Promise<Archive>;
  /** Deletes an object without the archive. */
  remove(path: string): Promise<void>;
  cleanUp(): Promise<void>;
}

const slot = slotAt(Date.UTC(2024, 5, 15), { windowDays: 60, partitionBy: 'month' });
const daySlot = slotAt(Date.UTC(2024, 5, 15), { windowDays: 60, partitionBy: 'day' });
const path = objectPath(slot, 'parquet');
const otherPath = objectPath(daySlot, 'jsonl');
const largeBytes = 300_000;

/** The contract of the {@link Archive} port. */
export function archiveConformance(name: string, makeArchive: () => Promise<ArchiveUnderTest>): void {
  const start = async () => {
    const made = await makeArchive();
    onTestFinished(() => made.cleanUp());
    return made;
  };

  describe(`${name}: publish`, () => {
    it('creates an object', async () => {
      const { archive } = await start();
      expect(await archive.open(path)).toBeUndefined();
      const version = await published(archive, path, { text: 'one' }, undefined);
      expect(await read(archive, path)).toEqual({ text: 'one', version });
    });

    it('keeps an object if none was expected', async () => {
      const { archive, secondHandle } = await start();
      const version = await published(archive, path, { text: 'one' }, undefined);
      for (const handle of [archive, await secondHandle()]) {
        expect(await handle.publish(path, { text: 'two' }, undefined)).toEqual({ outcome: 'conflict' });
      }
      expect(await read(archive, path)).toEqual({ text: 'one', version });
    });

    it('replaces only the expected version', async () => {
      const { archive, secondHandle } = await start();
      const other = await secondHandle();
      const first = await published(archive, path, { text: 'one' }, undefined);
      const second = await published(other, path, { text: 'two' }, first);
      expect(second).not.toBe(first);
      expect(await archive.publish(path, { text: 'three' }, first)).toEqual({ outcome: 'conflict' });
      expect(await read(archive, path)).toEqual({ text: 'two', version: second });
    });

    it('gives each content its own version, even in quick succession', async () => {
      const { archive } = await start();
      const versions: (string | undefined)[] = [undefined];
      for (let n = 0; n < 20; n += 1) {
        versions.push(await published(archive, path, { text: `content ${n + 10}` }, versions.at(-1)));
      }
      expect(new Set(versions).size).toBe(versions.length);
      expect(await archive.publish(path, { text: 'content 99' }, versions[1])).toEqual({ outcome: 'conflict' });
    });

    it('returns missing if the expected version was deleted', async () => {
      const { archive, remove } = await start();
      const version = await published(archive, path, { text: 'one' }, undefined);
      await remove(path);
      expect(await archive.publish(path, { text: 'two' }, version)).toEqual({ outcome: 'missing' });
      expect(await archive.open(path)).toBeUndefined();
      expect(await archive.list()).toEqual([]);
    });

    it.each([
      ['nothing', 0],
      ['one version', 1],
    ])('succeeds for one of many writers who expect %s', async (_, before) => {
      const { archive, secondHandle } = await start();
      const expected = before === 0 ? undefined : await published(archive, path, { text: 'before' }, undefined);
      const handles = [archive, await secondHandle(), await secondHandle()];
      const texts = Array.from({ length: 12 }, (_, n) => String.fromCharCode(65 + n).repeat(largeBytes));
      const outcomes = await Promise.all(
        texts.map((text, n) => handles[n % handles.length]!.publish(path, { text }, expected)),
      );
      const winner = outcomes.findIndex(({ outcome }) => outcome === 'committed');
      expect(outcomes.filter(({ outcome }) => outcome === 'conflict')).toHaveLength(texts.length - 1);
      const found = await read(archive, path);
      expect(outcomes[winner]).toEqual({ outcome: 'committed', version: found?.version });
      expect(found?.text === texts[winner]).toBe(true);
    });

    it('accepts a finished file, with and without metadata', async () => {
      const { archive, secondHandle } = await start();
      const text = `first line\n${'z'.repeat(largeBytes)}`;
      const first = await published(archive, path, await fileBody(archive, text, []), undefined);
      const described = await fileBody(archive, `${text}!`, [
        ['content-digest', 'd1'.repeat(32)],
        ['row-count', '12'],
        ['schema', 'message_id string, timestamp timestamp'],
      ]);
      const second = await published(archive, path, described, first);
      expect(await read(await secondHandle(), path)).toEqual({ text: `${text}!`, version: second });
    });

    it('leaves nothing of a refused file', async () => {
      const { archive } = await start();
      const version = await published(archive, path, { text: 'one' }, undefined);
      const body = await fileBody(archive, 'two', []);
      expect(await archive.publish(path, body, undefined)).toEqual({ outcome: 'conflict' });
      expect(await archive.list()).toEqual([{ path, version, bytes: 3 }]);
    });

    it('accepts an empty object', async () => {
      const { archive } = await start();
      const version = await published(archive, path, { text: '' }, undefined);
      expect(await read(archive, path)).toEqual({ text: '', version });
    });

    it('treats the archive settings like a slot', async () => {
      const { archive } = await start();
      const version = await published(archive, settingsPath, { text: '{"id":1}' }, undefined);
      expect(await archive.publish(settingsPath, { text: '{"id":2}' }, undefined)).toEqual({ outcome: 'conflict' });
      expect(await archive.publish(settingsPath, { text: '{"id":2}' }, `${version}0`)).toEqual({ outcome: 'conflict' });
      expect(await read(archive, settingsPath)).toEqual({ text: '{"id":1}', version });
    });
  });

  describe(`${name}: open`, () => {
    it('reads any range', async () => {
      const { archive } = await start();
      const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, n) => String.fromCharCode(33 + (n % 90))).join(''));
      await published(archive, path, { text: bytes.toString() }, undefined);
      const object = await opened(archive, path);
      const ranges = [
        [0, 1],
        [0, 1_000],
        [999, 1_000],
        [123, 777],
        [0, 0],
        [500, 500],
        [1_000, 1_000],
      ] as const;
      const parts = await Promise.all(ranges.map(([from, to]) => object.read(from, to)));
      expect(object.size).toBe(1_000);
      expect(parts.map((part) => Buffer.from(part))).toEqual(ranges.map(([from, to]) => bytes.subarray(from, to)));
      await expect(object.read(999, 1_001)).rejects.toBeInstanceOf(UserError);
      await expect(object.read(2_000, 2_001)).rejects.toBeInstanceOf(UserError);
      await object.close();
    });

    it('never mixes two versions', async () => {
      const { archive, secondHandle } = await start();
      const first = await published(archive, path, { text: 'a'.repeat(largeBytes) }, undefined);
      const object = await opened(await secondHandle(), path);
      const head = Buffer.from(await object.read(0, 10)).toString();
      await published(archive, path, { text: 'b'.repeat(largeBytes) }, first);
      const tail = await object.read(10, largeBytes).then(
        (bytes) => Buffer.from(bytes).toString(),
        (error: unknown) => error,
      );
      await object.close();
      expect(object.version).toBe(first);
      if (!(tail instanceof UserError)) expect(head + tail === 'a'.repeat(largeBytes)).toBe(true);
    });

    it('reads an object before or after a concurrent replacement', async () => {
      const { archive, secondHandle } = await start();
      const reader = await secondHandle();
      const seen = new Map<string, string>();
      let version = await published(archive, path, { text: 'a'.repeat(largeBytes) }, undefined);
      let isDone = false;
      const reading = (async () => {
        // On a busy machine, each early read may be overtaken.
        while (!isDone || seen.size === 0) {
          const found = await read(reader, path).catch((error: unknown) => {
            expect(error).toBeInstanceOf(UserError);
            return undefined;
          });
          if (found) seen.set(found.version, found.text);
        }
      })();
      const written = new Map([[version, 'a']]);
      for (const letter of 'bcdefghij') {
        version = await published(archive, path, { text: letter.repeat(largeBytes) }, version);
        written.set(version, letter);
      }
      isDone = true;
      await reading;
      const last = await read(reader, path);
      expect(last?.version).toBe(version);
      seen.set(version, last!.text);
      for (const [seenVersion, text] of seen) {
        expect(text === (written.get(seenVersion) ?? '').repeat(largeBytes)).toBe(true);
      }
    });
  });

  describe(`${name}: list`, () => {
    it('is empty at first', async () => {
      expect(await (await start()).archive.list()).toEqual([]);
    });

    it('contains every object in the folders of months and days, and no others', async () => {
      const { archive, secondHandle } = await start();
      const first = await published(archive, path, { text: 'one' }, undefined);
      const second = await published(archive, otherPath, { text: 'three' }, undefined);
      const foreign = [
        `${path}.tmp`,
        `${slot.partition}/other.parquet`,
        `${slot.partition}/deeper/messages-${slot.id}.parquet`,
      ];
      const elsewhere = [
        settingsPath,
        `${quarantineFolder(slot.id)}/${'ab'.repeat(32)}.jsonl`,
        '_report/index.html',
        `messages-${slot.id}.parquet`,
        `old/${path}`,
      ];
      for (const each of [...foreign, ...elsewhere]) {
        await archive.put(each, Buffer.from('x'), 'application/octet-stream');
      }
      for (const handle of [archive, await secondHandle()]) {
        const listed = await handle.list();
        const isOfSlot = ({ path: each }: ListedObject) => !foreign.includes(each);
        expect(listed.filter(isOfSlot).toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
          { path: otherPath, version: second, bytes: 5 },
          { path, version: first, bytes: 3 },
        ]);
        const others = listed.filter((each) => !isOfSlot(each));
        expect(others.map(({ path: each }) => each).toSorted()).toEqual(foreign.toSorted());
      }
      expect((await read(archive, path))?.version).toBe(first);
    });
  });

  describe(`${name}: put`, () => {
    it('replaces any object', async () => {
      const { archive, secondHandle } = await start();
      const report = '_report/index.html';
      await archive.put(report, Buffer.from('a longer first text'), 'text/html');
      await (await secondHandle()).put(report, Buffer.from('second'), 'text/html');
      expect((await read(archive, report))?.text).toBe('second');
    });

    it('stores every byte', async () => {
      const { archive } = await start();
      const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
      await archive.put(`${quarantineFolder(slot.id)}/${'cd'.repeat(32)}.jsonl`, bytes, 'application/x-ndjson');
      const object = await opened(archive, `${quarantineFolder(slot.id)}/${'cd'.repeat(32)}.jsonl`);
      expect(Buffer.from(await object.read(0, object.size))).toEqual(Buffer.from(bytes));
      await object.close();
    });

    it('is atomic among concurrent writers', async () => {
      const { archive, secondHandle } = await start();
      const handles = [archive, await secondHandle()];
      const texts = Array.from({ length: 8 }, (_, n) => String(n).repeat(largeBytes));
      await Promise.all(
        texts.map((text, n) => handles[n % 2]!.put('_report/index.html', Buffer.from(text), 'text/html')),
      );
      expect(texts.includes((await read(archive, '_report/index.html'))!.text)).toBe(true);
    });
  });
}

async function published(archive: Archive, at: string, body: Body, expected: string | undefined): Promise<string> {
  const result = await archive.publish(at, body, expected);
  if (result.outcome !== 'committed') expect.fail(`Not committed: ${JSON.stringify(result)}`);
  return result.version;
}

async function opened(archive: Archive, at: string): Promise<OpenObject> {
  return (await archive.open(at)) ?? expect.fail(`There is no ${at}.`);
}

async function read(archive: Archive, at: string): Promise<{ text: string; version: string } | undefined> {
  const object = await archive.open(at);
  if (object === undefined) return undefined;
  try {
    return { text: Buffer.from(await object.read(0, object.size)).toString(), version: object.version };
  } finally {
    await object.close();
  }
}

async function fileBody(
  archive: Archive,
  text: string,
  metadata: readonly (readonly [string, string])[],
): Promise<Body> {
  const file = join(archive.scratch, `${randomUUID()}.tmp`);
  await writeFile(file, text);
  return {
    path: file,
    bytes: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('base64'),
    metadata,
  };
}
