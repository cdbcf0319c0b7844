import { UserError } from '../../errors.ts';

/** The decoded tokens of a JSON pointer (RFC 6901); empty for the whole value. */
export type Pointer = readonly string[];

/**
 * Parses a JSON pointer: `/a~1b/0` becomes `['a/b', '0']`, and '' becomes `[]`.
 * @throws UserError if `text` is neither empty nor begins with `/`, or contains a `~` that is not `~0` or `~1`
 */
export function parsePointer(text: string): Pointer {
  if (text === '') return [];
  if (!text.startsWith('/')) {
    throw new UserError('input-invalid', `The JSON pointer ${JSON.stringify(text)} must be empty or begin with "/".`);
  }
  if (/~(?![01])/.test(text)) {
    throw new UserError(
      'input-invalid',
      `The JSON pointer ${JSON.stringify(text)} must escape "~" as "~0" and "/" within a name as "~1".`,
    );
  }
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The inverse of {@link parsePointer}. */
export function formatPointer(pointer: Pointer): string {
  return pointer.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
