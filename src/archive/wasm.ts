import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import init from 'parquet-wasm/esm';

const file = 'parquet_wasm_bg.wasm';
let ready: Promise<unknown> | undefined;

/** Loads parquet-wasm once a thread: beside the bundle where this is one, else from the package. */
export function loadParquet(): Promise<unknown> {
  ready ??= readFile(wasmPath()).then((bytes) => init({ module_or_path: bytes }));
  return ready;
}

function wasmPath(): string {
  const fromSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(fromSource ? import.meta.resolve(`parquet-wasm/esm/${file}`) : new URL(file, import.meta.url));
}
