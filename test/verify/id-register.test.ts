import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { IdRegister } from '../../src/verify/id-register.ts';
import { scratchFolder } from '../support/embedded.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(scratchFolder, 'register-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('returns ids that were added before, with their slot', () => {
  const register = new IdRegister(join(folder, 'ids.sqlite'));
  expect(register.add('s1', ['a', 'b', 'a'])).toEqual([{ id: 'a', slot: 's1' }]);
  expect(register.add('s2', ['c', 'b', 'A'])).toEqual([{ id: 'b', slot: 's1' }]);
  expect(register.add('s3', [])).toEqual([]);
  register.close();
});

it('is a file that only its user can access', async () => {
  const register = new IdRegister(join(folder, 'private.sqlite'));
  register.add('s1', ['a']);
  expect((await stat(register.path)).mode & 0o777).toBe(0o600);
  register.close();
});

it('distinguishes ids that differ after a NUL, in case, or in composition', () => {
  const register = new IdRegister(join(folder, 'odd.sqlite'));
  expect(register.add('s1', ['a\0b', 'a\0c', 'a', 'é', 'e\u0301', '\u{1f600}'])).toEqual([]);
  expect(register.add('s2', ['a\0c'])).toEqual([{ id: 'a\0c', slot: 's1' }]);
  register.close();
});
