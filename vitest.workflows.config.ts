import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/workflows/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: '100%',
    testTimeout: 600_000,
    hookTimeout: 1_200_000,
    // GitHub's language service imports JSON in a way that Node refuses.
    server: { deps: { inline: [/@actions\/(languageservice|workflow-parser|expressions)/] } },
  },
});
