import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { errorKinds } from '../src/errors.ts';

const root = join(import.meta.dirname, '..');

/** Paths of all pages that people read. */
const pages = ['.', 'docs', 'docs/deployment', 'examples'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file)),
);

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The anchors that GitHub makes from a page's headings. */
function anchors(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(pages)('%s', (page) => {
  it('has no broken link', () => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [path, anchor] = link.split('#') as [string, string?];
      const target = path === '' ? page : relative(root, join(root, dirname(page), path));
      return !existsSync(join(root, target)) || (anchor !== undefined && !anchors(target).includes(anchor));
    });
    expect(broken).toEqual([]);
  });
});

test('the troubleshooting page has one entry for each error code', () => {
  const entries = [...read('docs/troubleshooting.md').matchAll(/^### `([^`]+)`$/gm)].map(([, code]) => code!);
  expect(entries.toSorted()).toEqual(Object.keys(errorKinds).toSorted());
});

test('the parameters of the guide are those of the template', () => {
  const template = parse(read('examples/infrastructure/message-archive.yaml'), { logLevel: 'error' });
  const guide = read('docs/getting-started.md');
  const start = guide.indexOf('| parameter |');
  const rows = guide.slice(start, guide.indexOf('\n\n', start));
  const named = [...rows.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell]) => cell!.replaceAll('`', '').split(', '));
  const ofTheCommand = [...guide.matchAll(/(GitHub\w+)=\w/g)].map(([, name]) => name!);
  expect(new Set([...named, ...ofTheCommand])).toEqual(new Set(Object.keys(template.Parameters)));
});
