// Which ops belong to a past moment. A vector names its ops. A time is by the stamps of the writers: the ops stamped up to
// it, without those that depend on one that is left out, as happens when a clock was far ahead.
//
// Invariant: of one origin the ops that belong are its first ones, and none of them depends, by what the document's own ops
//            say, on one that does not.

import type { OriginId } from '@anabranch/causality';
import type { PastMoment } from './history-door.ts';
import type { ReplayedOp } from './replay.ts';

/** Asked of each op in order of arrival. */
export function momentFilter(moment: PastMoment): (op: ReplayedOp) => boolean {
  if ('vector' in moment) return ({ logged }) => logged.seq <= moment.vector.get(logged.origin);
  const { timeMs } = moment;
  /** The first op of each origin that does not belong. */
  const leftOut = new Map<OriginId, number>();
  return ({ logged: { origin, seq }, op }) => {
    const isLate = op.hlc.ms > timeMs;
    const follows =
      leftOut.has(origin) || op.dependencies.some(([other, needed]) => needed >= (leftOut.get(other) ?? Number.POSITIVE_INFINITY));
    if (!isLate && !follows) return true;
    if (!leftOut.has(origin)) leftOut.set(origin, seq);
    return false;
  };
}
