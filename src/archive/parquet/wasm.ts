import { initSync } from 'parquet-wasm/esm';

let isReady = false;

/** Initializes parquet-wasm in this thread from its compiled module. The asynchronous initializer would load Node's `fetch`. */
export function loadParquet(module: WebAssembly.Module): void {
  if (!isReady) initSync({ module });
  isReady = true;
}
