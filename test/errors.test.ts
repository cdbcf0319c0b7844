import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import {
  codeOf,
  describeError,
  exitCodeOf,
  messageOf,
  sentenceOf,
  UserError,
  withRemedy,
  writeFailure,
} from '../src/errors.ts';
import { keepSecret } from '../src/text/secrets.ts';

const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
const denied = Object.assign(new Error('EACCES: permission denied, open'), { code: 'EACCES', syscall: 'open' });
const bug = new TypeError('x is not a function');

describe('an error', () => {
  it.each([
    ['a failure', new UserError('source-unreachable', 'The API was unreachable.'), 'source-unreachable', 1],
    ['a usage error', new UserError('input-invalid', 'The input is invalid.'), 'input-invalid', 2],
    ['a full disk', full, 'disk-full', 1],
    ['an unexpected system error', denied, 'internal-error', 3],
    ['a bug', bug, 'internal-error', 3],
    ['anything else', 'thrown', 'internal-error', 3],
  ])('has a code and an exit code: %s', (_, error, code, exitCode) => {
    expect([codeOf(error), exitCodeOf(error)]).toEqual([code, exitCode]);
    expect(describeError(error)).toBe(`${sentenceOf(error)} [${code}]`);
  });

  it('is described by its sentence, and a bug by its trace', () => {
    expect(sentenceOf(new UserError('input-invalid', 'The key is missing.'))).toBe('The key is missing.');
    expect(sentenceOf(bug)).toMatch(/TypeError: x is not a function\n +at /);
    expect(sentenceOf(full)).toContain(full.message);
  });

  it('is described without secrets', () => {
    keepSecret('a-secret-of-this-test');
    const error = new UserError('input-invalid', 'The key a-secret-of-this-test is missing.');
    for (const text of [sentenceOf(error), describeError(error), messageOf(error)])
      expect(text).not.toContain('a-secret-of-this-test');
  });

  it('is quoted by its message, with its class unless the system reported it', () => {
    expect(messageOf(full)).toBe('ENOSPC: no space left on device, write');
    expect(messageOf(new Error('impossible'))).toBe('Error: impossible');
    expect(messageOf('thrown')).toBe('thrown');
  });
});

describe('writeFailure', () => {
  it('turns an error of the system into one that a person can act on', () => {
    expect(writeFailure('The file /tmp/a', full)).toMatchObject({ code: 'disk-full' });
    const failure = writeFailure('The file /tmp/a', denied);
    expect(failure).toBeInstanceOf(UserError);
    expect(failure).toMatchObject({
      code: 'file-unwritable',
      message: expect.stringMatching(/^The file \/tmp\/a .*EACCES/),
    });
  });

  it('does the same for an error of SQLite', () => {
    const database = new DatabaseSync(':memory:');
    database.exec('PRAGMA max_page_count = 1');
    let failure: unknown;
    try {
      database.exec('CREATE TABLE a (b); CREATE TABLE c (d)');
    } catch (error) {
      failure = writeFailure('The file /tmp/a', error);
    }
    expect(failure).toMatchObject({ code: 'disk-full' });
    database.close();
  });

  it('returns a bug unchanged', () => {
    expect(writeFailure('The file /tmp/a', bug)).toBe(bug);
  });
});

it('withRemedy makes two sentences of a problem and a remedy', () => {
  expect(withRemedy('It was unreachable', 'check `api-url`')).toBe('It was unreachable. Check `api-url`.');
});
