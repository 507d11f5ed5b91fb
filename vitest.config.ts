// Two projects: unit tests run in parallel; scenarios start real processes, one file at a time, after the unit tests.
// Workspace packages resolve to their sources. Scenarios run the compiled apps: `npm test` compiles first.

import { defineConfig } from 'vitest/config';

const conditions = ['anabranch-source', 'module', 'node'];
const scenarios = ['test/scenarios/**/*.e2e.test.ts', 'apps/*/src/**/*.e2e.test.ts'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['node', 'module'] } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['libs/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...scenarios, '**/node_modules/**', '**/dist/**'],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'scenario',
          include: scenarios,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
