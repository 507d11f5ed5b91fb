// What disks that went back in time took with them. A rollback or a wipe leaves a region with less than it held; what it
// wrote and nobody else had received is gone, and its (origin, seq) may name another op afterwards (decision 0005).

import type { RegionEvent, Vector } from '../history.ts';
import type { OpName } from './causal-history.ts';

export function regionOf(origin: string): string {
  const dot = origin.lastIndexOf('.');
  return dot < 0 ? origin : origin.slice(0, dot);
}

export class Losses {
  /** By region, in the order of time. */
  readonly #setbacks = new Map<string, RegionEvent[]>();

  constructor(events: readonly RegionEvent[]) {
    for (const event of events) {
      if (event.kind !== 'rollback' && event.kind !== 'wipe') continue;
      const known = this.#setbacks.get(event.region);
      if (known === undefined) this.#setbacks.set(event.region, [event]);
      else known.push(event);
    }
  }

  /** When the disk of `region` first lost the op, from `sinceMs` on; undefined when it never did. */
  lostAt(region: string, { origin, seq }: OpName, sinceMs: number): number | undefined {
    return this.#setbacks.get(region)?.find((event) => event.timeMs >= sinceMs && (event.left?.[origin] ?? 0) < seq)?.timeMs;
  }

  /** When the op's own region first lost it: from then on its name may stand for another op. */
  lostAtHome(op: OpName, sinceMs: number): number | undefined {
    return this.lostAt(regionOf(op.origin), op, sinceMs);
  }

  hasSetback(region: string, fromMs: number, toMs: number): boolean {
    return this.#setbacks.get(region)?.some((event) => event.timeMs >= fromMs && event.timeMs <= toMs) ?? false;
  }

  /** The part of a vector seen at `timeMs` whose names stand for the same ops at the end of the run. */
  lastingPart(vector: Vector, timeMs: number): Vector {
    let part: Record<string, number> | undefined;
    for (const [origin, seq] of Object.entries(vector)) {
      for (const event of this.#setbacks.get(regionOf(origin)) ?? []) {
        const left = event.left?.[origin] ?? 0;
        if (event.timeMs < timeMs || left >= (part?.[origin] ?? seq)) continue;
        part ??= { ...vector };
        part[origin] = left;
      }
    }
    return part ?? vector;
  }
}
