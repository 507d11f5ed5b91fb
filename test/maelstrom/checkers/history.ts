// What clients did and what they were told, in the shape of Jepsen's histories: an entry when an operation is invoked, and
// one when it is known how it ended: `ok`, `fail` (it certainly did not happen) or `info` (nobody knows).
//
// Invariant 1: the order of entries is the order in which they happened, so an operation whose last entry stands before
//              another's first one preceded it.
// Invariant 2: a process has one operation at a time; after `info` it does nothing more, and another takes its place.

export interface Entry {
  readonly index: number;
  readonly timeMs: number;
  readonly process: number;
  readonly node: string;
  readonly type: 'invoke' | Outcome;
  readonly f: 'write' | 'read';
  /** What is written, or what was read. */
  readonly value: unknown;
  /** A read at the end, when all nodes had time to hear of everything. */
  readonly isFinal: boolean;
}

export type Outcome = 'ok' | 'fail' | 'info';

/** An operation from its first entry to its last; still running operations count as `info` without an end. */
export interface Operation {
  readonly invoked: Entry;
  readonly ended: Entry | undefined;
  readonly outcome: Outcome;
}

/** Pairs the entries of each process. */
export function operationsOf(history: readonly Entry[]): Operation[] {
  const operations: Operation[] = [];
  const running = new Map<number, Entry>();
  for (const entry of history) {
    if (entry.type === 'invoke') {
      running.set(entry.process, entry);
      continue;
    }
    const invoked = running.get(entry.process);
    if (invoked === undefined) throw new Error(`entry ${entry.index} ends what was not invoked`);
    running.delete(entry.process);
    operations.push({ invoked, ended: entry, outcome: entry.type });
  }
  for (const invoked of running.values()) operations.push({ invoked, ended: undefined, outcome: 'info' });
  return operations;
}

/** What a checker found. */
export interface Verdict {
  /** Each says what is wrong, and with which operation. */
  readonly problems: readonly string[];
  readonly figures: Readonly<Record<string, number | string>>;
}

/** How many operations of a kind ended how. */
export function countsOf(operations: readonly Operation[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const f of ['write', 'read'] as const) {
    for (const outcome of ['ok', 'fail', 'info'] as const) {
      counts[`${f} ${outcome}`] = operations.filter((operation) => operation.invoked.f === f && operation.outcome === outcome).length;
    }
  }
  return counts;
}
