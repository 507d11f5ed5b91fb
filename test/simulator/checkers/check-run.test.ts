import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkRun } from './check-run.ts';
import { soundRecord } from './testing/sound-record.ts';

const seed = Number(process.env['ANABRANCH_TEST_SEED'] ?? Date.now() % 1_000_000);
/** For a deep run: how many times as many records as an everyday run tries. */
const depth = Number(process.env['ANABRANCH_TEST_DEPTH'] ?? 1);

test(`[SIM20] checkers find nothing in records of runs that kept every promise (replay: ANABRANCH_TEST_SEED=${seed})`, () => {
  fc.assert(
    fc.property(fc.nat(), (drawn) => {
      expect(checkRun(soundRecord(drawn))).toEqual([]);
    }),
    { seed, numRuns: 15 * depth },
  );
}, 120_000);
