import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { manifestIds } from '../../../src/io/manifest/file.ts';
import { testFolder } from '../../support/folders.ts';

async function read(text: string, column?: string): Promise<string[]> {
  const path = join(await testFolder(), 'manifest');
  await writeFile(path, text);
  const ids: string[] = [];
  for await (const some of manifestIds({ path, column })) ids.push(...some);
  return ids;
}

describe('a manifest with one id on each line', () => {
  it.each<[string, string, string[]]>([
    ['ends with a line break or without', 'a\nb', ['a', 'b']],
    ['has blank lines and spaces', '\n  a \n\n\tb\n \n', ['a', 'b']],
    ['comes from Windows', '\ufeffa\r\nb\r\n', ['a', 'b']],
    ['has commas and quotes in ids', 'a,"b"\n"c"\n', ['a,"b"', '"c"']],
  ])('%s', async (_, text, ids) => {
    expect(await read(text)).toEqual(ids);
  });

  it('is read in pieces, wherever they end', async () => {
    const ids = Array.from({ length: 50_000 }, (_, n) => `é${'x'.repeat(n % 50)}${n}`);
    expect(await read(ids.join('\n'))).toEqual(ids);
  });

  it('is refused where a line is longer than an id can be', async () => {
    await expect(read(`a\n${'x'.repeat(2 ** 21)}`)).rejects.toThrow(/^Line 2 of the manifest .* is longer than an id/);
  });
});

describe('a manifest in CSV', () => {
  it.each<[string, string, string[]]>([
    ['has other columns', 'when,id\n2024,a\n2025,b\n', ['a', 'b']],
    ['is quoted', '"when","id"\r\n"2024","a,""b"""\r\n"20\n25","c"', ['a,"b"', 'c']],
    ['begins with a byte order mark, and lacks some ids', '\ufeffid,n\na,1\n,2\n\nb,3\n', ['a', 'b']],
  ])('%s', async (_, text, ids) => {
    expect(await read(text, 'id')).toEqual(ids);
  });

  it('is refused without the column, naming those that there are', async () => {
    await expect(read('when,Id\n1,a\n', 'id')).rejects.toThrow(
      /has no column "id"; its first line names "when", "Id"\. Set `manifest-column` to one of them\.$/,
    );
  });

  it('is refused where a record has other fields than the first line', async () => {
    await expect(read('id\na\nb,c\n', 'id')).rejects.toThrow(/could not be read \(.*line 3.*\)\. Check `manifest`/);
  });
});

it.each([undefined, 'id'])('a manifest that is not there, or names nothing, is refused (column %s)', async (column) => {
  await expect(read(column ?? '', column)).rejects.toThrow(/names no message/);
  const missing = manifestIds({ path: '/nowhere/manifest', column });
  await expect(missing.next()).rejects.toThrow(UserError);
  await expect(manifestIds({ path: '/nowhere/manifest', column }).next()).rejects.toThrow(/could not be read \(ENOENT/);
});
