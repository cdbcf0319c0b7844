/** What the types of Node leave out. */
declare namespace WebAssembly {
  function compile(bytes: Uint8Array): Promise<Module>;
  /** What breaks down throws it: its memory is not to be trusted after that. */
  class RuntimeError extends Error {}
}
