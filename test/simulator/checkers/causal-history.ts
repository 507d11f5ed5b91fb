// What each op of the logs had seen, worked out from the dependencies that ops name: those of an op, those of all earlier
// ops of its origin, and these ops themselves. It stands between the logs and every checker that asks "before or concurrent".
//
// Invariant: seqs count from 1 and an origin's ops are given in their order; a log with a gap is cut at the gap.

import type { LoggedOpDump, Vector } from '../history.ts';

export interface OpName {
  readonly origin: string;
  readonly seq: number;
}

export class CausalHistory {
  readonly logs: ReadonlyMap<string, readonly LoggedOpDump[]>;
  /** By origin and seq - 1: what was seen of the other origins. Consecutive ops without new dependencies share a map. */
  readonly #seen = new Map<string, ReadonlyMap<string, number>[]>();

  constructor(logs: ReadonlyMap<string, readonly LoggedOpDump[]>) {
    this.logs = logs;
    for (const [origin, log] of logs) {
      let seen: ReadonlyMap<string, number> = new Map();
      const pasts: ReadonlyMap<string, number>[] = [];
      for (const op of log) {
        if (op.dependencies.length > 0) seen = raised(seen, op.dependencies);
        pasts.push(seen);
      }
      this.#seen.set(origin, pasts);
    }
  }

  op({ origin, seq }: OpName): LoggedOpDump | undefined {
    return this.logs.get(origin)?.[seq - 1];
  }

  /** What the op had seen of another origin, or of its own: the highest seq. */
  seenOf({ origin, seq }: OpName, other: string): number {
    return other === origin ? seq - 1 : (this.#seen.get(origin)?.[seq - 1]?.get(other) ?? 0);
  }

  /** What the op had seen of the other origins. */
  seenOfOthers({ origin, seq }: OpName): ReadonlyMap<string, number> {
    return this.#seen.get(origin)?.[seq - 1] ?? new Map();
  }

  hasSeen(op: OpName, earlier: OpName): boolean {
    return this.seenOf(op, earlier.origin) >= earlier.seq;
  }

  areConcurrent(a: OpName, b: OpName): boolean {
    return !this.hasSeen(a, b) && !this.hasSeen(b, a);
  }

  /** A dependency of the ops below `known`, a part of `vector`, that lies above `vector`; undefined when this is a causal cut. */
  missingBelow(vector: Vector, known: Vector = vector): { readonly op: OpName; readonly needs: OpName } | undefined {
    for (const [origin, covered] of Object.entries(known)) {
      const seq = Math.min(covered, this.logs.get(origin)?.length ?? 0);
      if (seq === 0) continue;
      for (const [other, needed] of this.seenOfOthers({ origin, seq })) {
        if (needed > (vector[other] ?? 0)) return { op: { origin, seq }, needs: { origin: other, seq: needed } };
      }
    }
    return undefined;
  }
}

function raised(seen: ReadonlyMap<string, number>, by: LoggedOpDump['dependencies']): ReadonlyMap<string, number> {
  const more = new Map(seen);
  for (const [origin, seq] of by) if (seq > (more.get(origin) ?? 0)) more.set(origin, seq);
  return more;
}
