// What a region shows of all depots in one step: counters that transactions move units between.

import { parseDocumentId } from '@anabranch/protocol';
import type { MovedSample } from '../history.ts';
import { depots } from '../world/collections.ts';
import type { RunningReplica } from '../world/region-host.ts';

/** Undefined when a document cannot be read just now. */
export async function sampleMoved({ replica }: RunningReplica, timeMs: number): Promise<MovedSample | undefined> {
  // All are asked for in one step: each view is of this moment.
  const reading = depots.map((document) => replica.read(parseDocumentId(document)));
  const views = await Promise.allSettled(reading);
  const moved = views.flatMap((view) => (view.status === 'fulfilled' ? [Number(view.value.json['moved'] ?? 0)] : []));
  return moved.length < depots.length ? undefined : { region: replica.region, timeMs, moved };
}
