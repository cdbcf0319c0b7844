/** Declarations that @types/node lacks. */
declare namespace WebAssembly {
  function compile(bytes: Uint8Array): Promise<Module>;
  /** Thrown by a trap, after which the module's memory is unreliable. */
  class RuntimeError extends Error {}
}
