// Two files at a time, the longest first: unit tests beside their code, those of several parts together in test/, then scenarios,
// which start real processes, and beside which the corpus is replayed. Faults change networks and mounts, in namespaces that
// `npm run test:faults` makes around them, and are no part of `npm test`.
// Workspace packages resolve to their sources. Scenarios run the compiled apps: `npm test` compiles first.

import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const conditions = ['anabranch-source', 'module', 'node'];
const faults = ['test/faults/**/*.fault.test.ts'];
const scenarios = ['test/scenarios/**/*.e2e.test.ts', 'test/scenarios/corpus.sim.test.ts', 'apps/*/src/**/*.e2e.test.ts'];
/** One that puts another module in the place of one that may be loaded already. */
const isolated = ['libs/client/src/courier/missing-library.test.ts'];

/** Files that take much longer than their size says: begun last, they would run alone. */
const long = /(corpus\.sim|oversell\.e2e|bank\.e2e)\.test\.ts$/;

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project, moduleId }: TestSpecification): number =>
      2 * project.config.sequence.groupOrder + (long.test(moduleId) ? 0 : 1);
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['node', 'module'] } },
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['libs/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts'],
          exclude: [...scenarios, ...isolated, '**/node_modules/**', '**/dist/**'],
          // To load all modules anew for each file takes as long as the tests. A file that changes globals puts them back.
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'mesh',
          include: ['test/**/*.test.ts', ...isolated],
          exclude: [...scenarios, ...faults, '**/node_modules/**', '**/dist/**'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'scenario',
          include: scenarios,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
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
          sequence: { groupOrder: 3 },
          testTimeout: 240_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
