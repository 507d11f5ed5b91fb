// The clients of a run, at work from its start until they are told that it is over.

import { OpDraw } from '../workload/draw-ops.ts';
import { HistoryRecorder } from '../workload/history-recorder.ts';
import { RegionDoor } from '../workload/region-door.ts';
import { TypedClient } from '../workload/typed-client.ts';
import { typedCollections } from '../world/collections.ts';
import type { SimulatedWorld } from '../world/simulated-world.ts';

export interface Workload {
  readonly recorder: HistoryRecorder;
  readonly documents: readonly string[];
  /** No operation is begun from here on. */
  end(): void;
  /** Whether the last operation has ended. */
  readonly isIdle: boolean;
}

export function startWorkload(world: SimulatedWorld): Workload {
  const { clock, plan, hosts, sometimes, trace } = world;
  const recorder = new HistoryRecorder(() => clock.monotonicMs(), trace);
  const documents = typedCollections.flatMap((collection) => Array.from({ length: plan.documents }, (_, at) => `${collection}/d${at}`));
  const door = new RegionDoor(clock, world.random('door'), world.onDefect);
  const draw = new OpDraw(world.random('draw'), plan.opKinds);
  let isOver = false;
  let working = plan.clients.length;
  for (const [at, habits] of plan.clients.entries()) {
    const name = `client-${at}`;
    const shared = { clock, hosts, documents, door, draw, recorder, sometimes };
    const client = new TypedClient({ ...shared, name, habits, random: world.random(name) });
    void client
      .work(() => isOver)
      .then(() => {
        working -= 1;
      });
  }
  return {
    recorder,
    documents,
    end: () => {
      isOver = true;
    },
    get isIdle() {
      return working === 0;
    },
  };
}
