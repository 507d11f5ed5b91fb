// The one seed of a run, which `npm run test:faults` prints and takes, and a stream of choices of its own for each test.

import { SeededRandom } from '../simulator/seeded-random.ts';

const seed = Number(process.env['ANABRANCH_TEST_SEED'] ?? Date.now() % 1_000_000);

/** The choices of one test. What processes and kernels do in between is not repeated with the seed. */
export function randomOf(test: string): SeededRandom {
  console.info(`seed ${seed}`);
  return new SeededRandom(seed).fork(test);
}
