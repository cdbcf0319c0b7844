import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';
import { checksumsOf } from './checksums.ts';

/** Bundles the action into `dist/`, or the folder given as argument. The output is reproducible. */
const root = join(import.meta.dirname, '..');
const folder = process.argv[2] ?? join(root, 'dist');

const rule = `\n${'-'.repeat(80)}\n\n`;

/** Drops the unused HTTP client of `@actions/core`, which would add a second undici: half of the bundle. */
const withoutIdleClient: Plugin = {
  name: 'without-idle-client',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^@actions\/http-client/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (pluginData === 'resolving') return undefined;
      return { ...(await resolve(path, { kind, resolveDir, pluginData: 'resolving' })), sideEffects: false };
    });
  },
};

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { index: 'src/index.ts', worker: 'src/worker/tasks.ts' },
  outdir: folder,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  chunkNames: 'chunks/[name]-[hash]',
  minifyWhitespace: true,
  minifySyntax: true,
  keepNames: true,
  legalComments: 'none',
  metafile: true,
  define: { BUILT_VERSION: JSON.stringify(version) },
  plugins: [withoutIdleClient],
  logLevel: 'warning',
  // CommonJS packages call `require` for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
  },
});
await copyFile(
  fileURLToPath(import.meta.resolve('parquet-wasm/esm/parquet_wasm_bg.wasm')),
  join(folder, 'parquet_wasm_bg.wasm'),
);
await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
await writeFile(
  join(folder, 'licenses.txt'),
  (await licenses(packagesOf(metafile))) +
    rule +
    (await readFile(join(root, 'tools', 'licenses', 'wasm-crates.txt'), 'utf8')),
);
await writeFile(join(folder, 'SHA256SUMS'), await checksumsOf(folder));

/** Returns the packages in the bundle. */
function packagesOf({ inputs }: Metafile): string[] {
  const found = Object.keys(inputs).map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return [...new Set(found.filter((path) => path !== undefined))].sort();
}

async function licenses(packages: readonly string[]): Promise<string> {
  const texts = await Promise.all(
    packages.map(async (path) => {
      const { name, version, license } = JSON.parse(await readFile(join(root, path, 'package.json'), 'utf8'));
      const files = (await readdir(join(root, path)))
        .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
        .sort();
      const contents = await Promise.all(files.map((file) => readFile(join(root, path, file), 'utf8')));
      return [`${name} ${version} (${license})`, ...contents.map((text) => text.trim())].join('\n\n');
    }),
  );
  return `${texts.join(`\n${rule}`)}\n`;
}

console.log(`Built ${join(dirname(folder), 'dist').replace(`${root}/`, '')}/ from src/.`);
