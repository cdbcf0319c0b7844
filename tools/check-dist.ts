import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Fails if the committed `dist/` differs from a fresh build. */
const dist = join(import.meta.dirname, '..', 'dist');
const fresh = await mkdtemp(join(tmpdir(), 'message-archive-dist-'));
try {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'build.ts'), fresh], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error('The build failed.');
  const [built, committed] = [await files(fresh), await files(dist)];
  const differing = [...new Set([...built.keys(), ...committed.keys()])].filter(
    (name) => built.get(name) !== committed.get(name),
  );
  if (differing.length > 0) {
    console.error(`dist/ differs from a fresh build (${differing.join(', ')}). Run npm run build and commit dist/.`);
    process.exitCode = 1;
  } else {
    console.log(`dist/ is up to date (${built.size} files).`);
  }
} finally {
  await rm(fresh, { recursive: true, force: true });
}

async function files(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      found.map(async (path) => [path.slice(folder.length + 1), await readFile(path, 'base64')] as const),
    ),
  );
}
