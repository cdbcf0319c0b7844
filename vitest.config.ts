import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Threads and processes that run from source start in half the time where Node finds them compiled.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '.cache', 'compiled');

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/cases/**', 'test/services/**', 'test/page/**', 'test/workflows/**', '**/node_modules/**'],
    pool: 'forks',
    maxWorkers: '100%',
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
