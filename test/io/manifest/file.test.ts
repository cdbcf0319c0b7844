import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { manifestIds } from '../../../src/io/manifest/file.ts';
import { testFolder } from '../../support/folders.ts';

async function read(text: string, column?: string): Promise<string[]> {
  const path = join(await testFolder(), 'manifest');
  await writeFile(path, text);
  const ids: string[] = [];
  for await (const some of manifestIds({ path, column })) ids.push(...some);
  return ids;
}

describe('manifestIds reads one id on each line, if the file', () => {
  it.each<[string, string, string[]]>([
    ['ends with a line break or without', 'a\nb', ['a', 'b']],
    ['has blank lines and spaces', '\n  a \n\n\tb\n \n', ['a', 'b']],
    ['comes from Windows', '\ufeffa\r\nb\r\n', ['a', 'b']],
    ['has commas and quotes in ids', 'a,"b"\n"c"\n', ['a,"b"', '"c"']],
  ])('%s', async (_, text, ids) => {
    expect(await read(text)).toEqual(ids);
  });

  it('spans several chunks', async () => {
    const ids = Array.from({ length: 50_000 }, (_, n) => `é${'x'.repeat(n % 50)}${n}`);
    expect(await read(ids.join('\n'))).toEqual(ids);
  });

  it('but rejects a line that is too long for an id', async () => {
    await expect(read(`a\n${'x'.repeat(2 ** 21)}`)).rejects.toMatchObject({
      code: 'manifest-invalid',
      message: expect.stringContaining('Line 2 '),
    });
  });
});

describe('manifestIds reads a column of CSV, if the file', () => {
  it.each<[string, string, string[]]>([
    ['has other columns', 'when,id\n2024,a\n2025,b\n', ['a', 'b']],
    ['is quoted', '"when","id"\r\n"2024","a,""b"""\r\n"20\n25","c"', ['a,"b"', 'c']],
    ['begins with a byte order mark, and lacks some ids', '\ufeffid,n\na,1\n,2\n\nb,3\n', ['a', 'b']],
  ])('%s', async (_, text, ids) => {
    expect(await read(text, 'id')).toEqual(ids);
  });

  it('but rejects a file without the column, naming its columns', async () => {
    await expect(read('when,Id\n1,a\n', 'id')).rejects.toMatchObject({
      code: 'manifest-invalid',
      message: expect.stringMatching(/"id".*"when", "Id"/),
    });
  });

  it('but rejects a record with more fields than the first line', async () => {
    await expect(read('id\na\nb,c\n', 'id')).rejects.toMatchObject({
      code: 'manifest-invalid',
      message: expect.stringContaining('line 3'),
    });
  });
});

it.each([undefined, 'id'])('manifestIds rejects a missing or empty file (column %s)', async (column) => {
  await expect(read(column ?? '', column)).rejects.toMatchObject({ code: 'manifest-invalid' });
  await expect(manifestIds({ path: '/nowhere/manifest', column }).next()).rejects.toMatchObject({
    code: 'manifest-invalid',
    message: expect.stringContaining('ENOENT'),
  });
});
