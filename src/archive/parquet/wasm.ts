import { initSync } from 'parquet-wasm/esm';

let isReady = false;

/** Makes parquet-wasm ready in this thread, from its compiled module. Its asynchronous way would load Node's `fetch` too. */
export function loadParquet(module: WebAssembly.Module): void {
  if (!isReady) initSync({ module });
  isReady = true;
}
