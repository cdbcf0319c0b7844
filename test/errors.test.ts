import { describe, expect, it } from 'vitest';
import { messageOf, toldOf, UserError } from '../src/errors.ts';

describe('what people are told', () => {
  it('of a failure that they can act on is its sentence, without a trace', () => {
    expect(toldOf(new UserError('It is down.'))).toBe('It is down.');
    expect(messageOf(new UserError('It is down.'))).toBe('It is down.');
  });

  it('of a disk that is full is no defect', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(toldOf(full)).toBe(
      'The disk of this machine has no room left (ENOSPC: no space left on device, write): use one on which the messages of a slot and its object fit.',
    );
  });

  it('of a defect is what it is and where it was met', () => {
    const defect = new TypeError('x is not a function');
    expect(toldOf(defect)).toMatch(
      /^A defect of Message Archive, please report it: TypeError: x is not a function\n +at /,
    );
    expect(messageOf(defect)).toBe('TypeError: x is not a function');
    expect(toldOf('a text')).toBe('A defect of Message Archive, please report it: a text');
  });
});
