import { join } from 'node:path';
import { defineConfig, type UserWorkspaceConfig } from 'vitest/config';

// The compile cache halves the start-up time of threads and processes that run from source.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '.cache', 'compiled');

/** Suites that need other programs, or take more than a minute: `npm run test:<name>`. */
const suites = ['cases', 'page', 'services', 'workflows'] as const;

function suite(name: (typeof suites)[number], timeoutMs: number, settings: UserWorkspaceConfig['test'] = {}) {
  const timeouts = { testTimeout: timeoutMs, hookTimeout: 2 * timeoutMs };
  return { test: { name, include: [`test/${name}/**/*.test.ts`], ...timeouts, ...settings } };
}

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...suites.map((name) => `test/${name}/**`), '**/node_modules/**'],
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      suite('cases', 120_000, { globalSetup: ['test/cases/support/build.ts'] }),
      suite('page', 120_000),
      suite('services', 120_000, { globalSetup: ['test/cases/support/build.ts'] }),
      // GitHub's language service imports JSON without an attribute, which Node rejects.
      suite('workflows', 600_000, {
        server: { deps: { inline: [/@actions\/(languageservice|workflow-parser|expressions)/] } },
      }),
    ],
  },
});
