import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const wasmPath = fileURLToPath(import.meta.resolve('parquet-wasm/esm/parquet_wasm_bg.wasm'));

/** Returns the crates in a WebAssembly module's panic messages: `…/registry/src/index.crates.io-…/snap-1.1.2/src/…`. */
export function cratesNamedIn(path: string): { readonly name: string; readonly version: string }[] {
  const text = readFileSync(path, 'latin1');
  const found = new Map(
    [...text.matchAll(/registry\/src\/[\w.-]+\/([A-Za-z0-9_-]+?)-(\d[\w.+-]*)\//g)].map(([, name, version]) => [
      `${name} ${version}`,
      { name: name!, version: version! },
    ]),
  );
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
