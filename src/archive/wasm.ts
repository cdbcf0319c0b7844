import init from 'parquet-wasm/esm';

let ready: Promise<unknown> | undefined;

/** Makes parquet-wasm ready in this thread, from its compiled module. */
export function loadParquet(module: WebAssembly.Module): Promise<unknown> {
  ready ??= init({ module_or_path: module });
  return ready;
}
