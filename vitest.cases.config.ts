import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/cases/**/*.test.ts'],
    globalSetup: ['test/cases/support/build.ts'],
    pool: 'forks',
    maxWorkers: '100%',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
