import { expect, it } from 'vitest';
import { isOurs } from '../../demo/folder.ts';

it('recognizes only the files of an earlier demo', () => {
  const own = ['archive', 'runner', 'verify.env', 'staging.sqlite', 'staging.sqlite-wal', 'staging.sqlite-shm'];
  expect(own.filter((entry) => !isOurs(entry, true))).toEqual([]);
  expect(isOurs('archive', false)).toBe(false);
  expect(['notes.txt', 'staging.sqlite.bak', 'archive2'].filter((entry) => isOurs(entry, true))).toEqual([]);
});
