import { UserError } from '../../errors.ts';

/** A JSON pointer (RFC 6901) as its decoded tokens; the empty one is the whole value. */
export type Pointer = readonly string[];

/**
 * Reads a JSON pointer: `/a~1b/0` is `['a/b', '0']`, and the empty text is `[]`.
 * @throws UserError where `text` is neither empty nor begins with `/`, or holds a `~` that is not `~0` or `~1`.
 */
export function parsePointer(text: string): Pointer {
  if (text === '') return [];
  if (!text.startsWith('/')) {
    throw new UserError(`The JSON pointer ${JSON.stringify(text)} must be empty or begin with "/".`);
  }
  if (/~(?![01])/.test(text)) {
    throw new UserError(
      `The JSON pointer ${JSON.stringify(text)} must write "~" as "~0" and "/" within a name as "~1".`,
    );
  }
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Writes a pointer as {@link parsePointer} reads it. */
export function formatPointer(pointer: Pointer): string {
  return pointer.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
