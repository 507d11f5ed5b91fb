// What most scenarios begin with: regions that have started and heard of one another; and how they tell a refusal.

import { isAnabranchError } from '@anabranch/base';
import { SimulatedMesh, type SimulatedMeshOptions } from '../simulator/simulated-mesh.ts';

export async function linkedMesh(options: SimulatedMeshOptions): Promise<SimulatedMesh> {
  const mesh = new SimulatedMesh(options);
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  return mesh;
}

/** The code a promise was refused with, `none` when it was not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return isAnabranchError(error) ? error.code : String(error);
  }
}
