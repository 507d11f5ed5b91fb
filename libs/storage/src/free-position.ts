// Where an op stood in the order of arrival whose record is damaged, and that no index names: positions have no gaps, and rise with the
// seqs of each origin, so it is the one that no other op has between those of its neighbours.

import type { OriginId } from '@anabranch/causality';

/** Positions looked at between the neighbours at most. Beyond: unknown. */
const positionsMax = 10_000;

export interface LogPositions {
  /** Each origin with the seqs that its log holds. */
  readonly logs: Iterable<readonly [origin: OriginId, oldestSeq: number, newestSeq: number]>;
  readonly lastPosition: number;
  /** Of an op; undefined when its record is damaged or missing. */
  positionAt(origin: OriginId, seq: number): number | undefined;
}

/** Undefined when a neighbour is damaged too, or more than one position is free between them. */
export function freePosition(log: LogPositions, origin: OriginId, seq: number): number | undefined {
  const own = [...log.logs].find(([other]) => other === origin);
  if (own === undefined) return undefined;
  const before = seq === own[1] ? 0 : log.positionAt(origin, seq - 1);
  const after = seq === own[2] ? log.lastPosition + 1 : log.positionAt(origin, seq + 1);
  if (before === undefined || after === undefined || after - before > positionsMax) return undefined;
  const free = new Set(Array.from({ length: after - before - 1 }, (_, at) => before + 1 + at));
  for (const [other, oldest, newest] of log.logs) {
    for (let at = firstAfter(log, other, { before, oldest, newest }); at <= newest; at++) {
      const position = log.positionAt(other, at);
      if (position !== undefined && position >= after) break;
      if (position !== undefined) free.delete(position);
    }
  }
  const [only, another] = free;
  return another === undefined ? only : undefined;
}

interface Range {
  readonly before: number;
  readonly oldest: number;
  readonly newest: number;
}

/** The first seq of a log whose position is beyond `before`; damaged records tell nothing, and the intact one below them decides. */
function firstAfter(log: LogPositions, origin: OriginId, { before, oldest, newest }: Range): number {
  let [low, high] = [oldest, newest + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    let at = middle;
    let position = log.positionAt(origin, at);
    while (position === undefined && at > low) position = log.positionAt(origin, --at);
    if (position === undefined || position <= before) low = middle + 1;
    else high = at;
  }
  return low;
}
