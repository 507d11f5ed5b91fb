import { describe, test } from 'vitest';
import { commitChecks } from './commit-checks.ts';
import type { ContractCheck } from './contract-check.ts';
import { damageChecks } from './damage-checks.ts';
import { randomCheck } from './random-check.ts';
import { readChecks } from './read-checks.ts';
import type { MediumSetup } from './store-medium.ts';

/** Everything that a store on this medium must do. */
export function replicaStoreChecks(setup: MediumSetup): readonly ContractCheck[] {
  return [...commitChecks, ...readChecks, ...damageChecks, randomCheck(setup)];
}

/** Runs one check on a medium of its own. */
export async function runCheck(check: ContractCheck, setup: MediumSetup): Promise<void> {
  const medium = await setup();
  try {
    await check.run(medium);
  } finally {
    await medium.dispose();
  }
}

/** The contract of {@link ReplicaStore} as tests: each adapter, on disk, in memory or simulated, passes all of them. */
export function describeReplicaStore(name: string, setup: MediumSetup): void {
  describe(`ReplicaStore contract: ${name}`, () => {
    for (const check of replicaStoreChecks(setup)) test(check.name, () => runCheck(check, setup));
  });
}
