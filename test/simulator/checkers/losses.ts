// What disks that went back in time took with them. A rollback or a wipe leaves a region with less than it held; what it
// wrote and nobody else had received is gone, and its (origin, seq) may name another op afterwards (decision 0005).
//
// Invariant: a name above what a disk was left with is doubtful before that moment, unless it is proven: a log is a chain, so
//            one op of it that was acknowledged before and is there at the end proves all names below.

import type { RegionEvent, Vector } from '../history.ts';
import type { OpName } from './causal-history.ts';

export function regionOf(origin: string): string {
  const dot = origin.lastIndexOf('.');
  return dot < 0 ? origin : origin.slice(0, dot);
}

export class Losses {
  /** By region, in the order of time. */
  readonly #setbacks = new Map<string, RegionEvent[]>();
  /** By setback and origin: up to where names stand for the same ops before and after. */
  readonly #proven = new Map<RegionEvent, Map<string, number>>();

  constructor(events: readonly RegionEvent[]) {
    for (const event of events) {
      if (event.kind !== 'rollback' && event.kind !== 'wipe') continue;
      const known = this.#setbacks.get(event.region);
      if (known === undefined) this.#setbacks.set(event.region, [event]);
      else known.push(event);
    }
  }

  /** The op was there at `timeMs`, and it is there at the end. */
  prove({ origin, seq }: OpName, timeMs: number): void {
    for (const event of this.#setbacks.get(regionOf(origin)) ?? []) {
      if (event.timeMs <= timeMs) continue;
      const proven = this.#proven.get(event) ?? new Map<string, number>();
      proven.set(origin, Math.max(seq, proven.get(origin) ?? 0));
      this.#proven.set(event, proven);
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
        const left = Math.max(event.left?.[origin] ?? 0, this.#proven.get(event)?.get(origin) ?? 0);
        if (event.timeMs < timeMs || left >= (part?.[origin] ?? seq)) continue;
        part ??= { ...vector };
        part[origin] = left;
      }
    }
    return part ?? vector;
  }
}
