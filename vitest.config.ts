import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/services/**', 'test/page/**', 'test/workflows/**', '**/node_modules/**'],
    pool: 'forks',
    maxWorkers: '100%',
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
