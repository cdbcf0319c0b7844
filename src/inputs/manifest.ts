import type { ManifestSettings } from '../io/manifest/file.ts';
import type { Given, Parser } from './given.ts';

/**
 * Reads `manifest` and `manifest-column`; undefined without a manifest.
 * @throws UserError if one is set for another command than `verify`, or the column without the file
 */
export function readManifest(given: Given, command: string): ManifestSettings | undefined {
  const path = given.read('manifest', text);
  const column = given.read('manifest-column', text);
  if (path === undefined) {
    if (column === undefined) return undefined;
    throw given.refuse('manifest-column', 'it requires `manifest`: set that to the path of a CSV file');
  }
  if (command === 'verify') return { path, column };
  throw given.refuse('manifest', `it applies to the command \`verify\` only, so remove it for \`${command}\``);
}

const text: Parser<string> = { accepted: 'use a text', read: (value) => value };
