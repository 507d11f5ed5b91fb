// Unit tests run in parallel; scenarios start real processes, one file at a time, after the unit tests. Faults change networks
// and mounts, in namespaces that `npm run test:faults` makes around them, and are no part of `npm test`.
// Workspace packages resolve to their sources. Scenarios run the compiled apps: `npm test` compiles first.

import { defineConfig } from 'vitest/config';

const conditions = ['anabranch-source', 'module', 'node'];
const faults = ['test/faults/**/*.fault.test.ts'];
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
          exclude: [...scenarios, ...faults, '**/node_modules/**', '**/dist/**'],
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
      {
        extends: true,
        test: {
          name: 'faults',
          include: faults,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          testTimeout: 240_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
