import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { messageOf, sentenceOf, UserError, writeFailure } from '../src/errors.ts';

const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });

it("tells a user's mistake as it stands, and a defect with its trace", () => {
  expect(sentenceOf(new UserError('The key is missing.'))).toBe('The key is missing.');
  expect(sentenceOf(new TypeError('x is no function'))).toMatch(
    /^A defect of Message Archive, please report it: TypeError: x is no function\n +at /,
  );
});

it('tells a full disk as one, whoever met it', () => {
  expect(sentenceOf(full)).toBe(
    'The disk of this machine has no room left (ENOSPC: no space left on device, write): use one on which the messages of a slot and its object fit.',
  );
});

it('gives what the system says as it stands, and a defect with its kind', () => {
  expect(messageOf(full)).toBe('ENOSPC: no space left on device, write');
  expect(messageOf(new Error('impossible'))).toBe('Error: impossible');
  expect(messageOf('thrown')).toBe('thrown');
});

it('takes what the system or SQLite has against writing for something that a person can act on, and nothing else', () => {
  const failure = writeFailure('The file /tmp/a', full);
  expect(failure).toBeInstanceOf(UserError);
  expect((failure as UserError).message).toBe(
    'The file /tmp/a cannot be written (ENOSPC: no space left on device, write): see that it may be, and that its disk has room, then run again.',
  );
  const database = new DatabaseSync(':memory:');
  database.exec('PRAGMA max_page_count = 1');
  const write = () => database.exec('CREATE TABLE a (b); CREATE TABLE c (d)');
  expect(() => wrapped(write)).toThrow('The file /tmp/a cannot be written (database or disk is full): ');
  database.close();
  const defect = new TypeError('x is no function');
  expect(writeFailure('The file /tmp/a', defect)).toBe(defect);
});

function wrapped(write: () => void): void {
  try {
    write();
  } catch (error) {
    throw writeFailure('The file /tmp/a', error);
  }
}
