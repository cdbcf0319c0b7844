import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { validate } from '@actions/languageservice';
import { TextDocument } from 'vscode-languageserver-textdocument';

/** Returns findings of GitHub's language service for a workflow or action of a checkout, as `path:line:column text`. */
export async function languageFindings(root: string, path: string): Promise<string[]> {
  const text = await readFile(join(root, path), 'utf8');
  const document = TextDocument.create(pathToFileURL(join(root, path)).href, 'yaml', 1, text);
  const fileProvider = {
    getFileContent: async (file: { path?: string }) => {
      const name = join(root, file.path ?? '');
      return { name, content: await readFile(name, 'utf8') };
    },
  };
  const found = await validate(document, { fileProvider } as Parameters<typeof validate>[1]);
  return found.map(({ range: { start }, message }) => `${path}:${start.line + 1}:${start.character + 1} ${message}`);
}
