// What the tests of bounded counters do in a mesh: stock and sell, and wait for what becomes of it.

import { isAnabranchError } from '@anabranch/base';
import type { DocumentOp } from '@anabranch/crdt';
import type { SimulatedMesh, SimulatedMeshOptions } from '../simulator/simulated-mesh.ts';
import { linkedMesh } from './linked-mesh.ts';

export const regions = ['berlin', 'tokyo', 'new-york'];

export const meshOf = (seed = 3, options: Partial<SimulatedMeshOptions> = {}): Promise<SimulatedMesh> =>
  linkedMesh({ seed, regions, ...options });

export const stock = (by: number): DocumentOp[] => [{ op: 'increment', path: '/stock', by }];
export const sell = (by = 1): DocumentOp[] => [{ op: 'decrement', path: '/stock', by }];

export interface Outcome {
  readonly code: string;
  readonly details: Record<string, unknown>;
}

export async function outcomeOf(promise: Promise<unknown>): Promise<Outcome> {
  try {
    await promise;
    return { code: 'ok', details: {} };
  } catch (error) {
    if (isAnabranchError(error)) return { code: error.code, details: { ...error.details } };
    throw error;
  }
}

/** Lets time pass until the promise has settled. */
export async function settled<T>(mesh: SimulatedMesh, promise: Promise<T>, ms = 5_000): Promise<T> {
  let isSettled = false;
  promise.then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  await mesh.clock.until(() => isSettled, ms, 'it is answered');
  return promise;
}
