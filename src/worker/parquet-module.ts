import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const file = 'parquet_wasm_bg.wasm';
let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Parquet-wasm, compiled once per process, from the bundle's folder or from the package. Threads share the module's machine
 * code, which V8 keeps optimizing.
 */
export function parquetModule(): Promise<WebAssembly.Module> {
  compiled ??= readFile(path()).then((bytes) => WebAssembly.compile(bytes));
  return compiled;
}

function path(): string {
  const fromSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(fromSource ? import.meta.resolve(`parquet-wasm/esm/${file}`) : new URL(file, import.meta.url));
}
