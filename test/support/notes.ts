import type { Notes } from '../../src/io/github/tracker.ts';

/** Notes of a staging, in memory. */
export function testNotes(): Notes & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    note: async (name) => kept.get(name),
    keepNote: async (name, text) => void kept.set(name, text),
  };
}
