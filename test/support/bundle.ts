import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

type Bundled = Pick<typeof import('../../src/archive/object.ts'), 'DamagedError'> &
  Pick<typeof import('../../src/worker/objects.ts'), 'readObject'> &
  Pick<typeof import('../../src/worker/threads.ts'), 'Threads'>;

/**
 * Bundles the worker threads as they are released. They start three times as fast as from source, which matters for tests
 * that discard many threads.
 */
export async function bundledThreads(parent: string): Promise<Bundled> {
  // vitest does not transform modules below a folder of this name.
  const folder = join(parent, 'node_modules');
  const modules = {
    object: 'src/archive/object.ts',
    objects: 'src/worker/objects.ts',
    threads: 'src/worker/threads.ts',
  };
  await build({
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    entryPoints: { worker: 'src/worker/tasks.ts', ...modules },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    logLevel: 'warning',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
    },
  });
  const wasm = 'parquet_wasm_bg.wasm';
  await copyFile(fileURLToPath(import.meta.resolve(`parquet-wasm/esm/${wasm}`)), join(folder, wasm));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const names = Object.keys(modules);
  const parts = await Promise.all(names.map((name) => import(pathToFileURL(join(folder, `${name}.js`)).href)));
  return Object.assign({}, ...parts) as Bundled;
}
