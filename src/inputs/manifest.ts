import type { ManifestSettings } from '../io/manifest/file.ts';
import type { Form, Given } from './given.ts';

/**
 * Reads `manifest` and `manifest-column`; undefined without a manifest.
 * @throws UserError where one is given to another command than `verify`, or the column without the file
 */
export function readManifest(given: Given, command: string): ManifestSettings | undefined {
  const path = given.read('manifest', text);
  const column = given.read('manifest-column', text);
  if (path === undefined) {
    if (column === undefined) return undefined;
    throw given.refuse('manifest-column', '`manifest` is missing, write the path of a CSV file there');
  }
  if (command === 'verify') return { path, column };
  throw given.refuse('manifest', `only the command \`verify\` takes it, leave it out for \`${command}\``);
}

const text: Form<string> = { accepted: 'write a text', read: (value) => value };
