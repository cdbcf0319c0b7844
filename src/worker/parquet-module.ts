import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const file = 'parquet_wasm_bg.wasm';
let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Parquet-wasm, compiled once a process: from beside the bundle where this is one, else from the package. Threads that are
 * given the module share its machine code, which V8 goes on improving while it runs.
 */
export function parquetModule(): Promise<WebAssembly.Module> {
  compiled ??= readFile(path()).then((bytes) => WebAssembly.compile(bytes));
  return compiled;
}

function path(): string {
  const fromSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(fromSource ? import.meta.resolve(`parquet-wasm/esm/${file}`) : new URL(file, import.meta.url));
}
