// Seeds that once failed; `npm run sim` replays them first too.

import { join } from 'node:path';
import { test, vi } from 'vitest';
import { readCorpus } from '../simulator/run/corpus.ts';
import { hold, root } from './hold-plan.ts';

/** A machine that is busy with other things takes many times what a run takes. */
vi.setConfig({ testTimeout: 180_000 });

test.each(readCorpus(join(root, 'test/corpus')))('[SIM6] the seed of the corpus in $name holds every promise: $note', async ({ plan }) => {
  await hold(plan);
});
