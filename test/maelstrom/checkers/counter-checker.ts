// Judges a history of a counter, grow-only or not.
//
//   impossible  a final read is no sum of all acknowledged adds and some of those whose end nobody knows
//   unequal     final reads differ between nodes, or a node has none
//   out of bounds   a read lies outside of what could be at its time: all that its own node had acknowledged before it began
//                   is in it, and of the rest whatever had begun before it ended
//   shrunk      a grow-only counter shows less than the same node had shown before
//
// The last two are more than Maelstrom asks: reads are local here, and a region never shows less than before.

import { countsOf, type Entry, type Operation, operationsOf, type Verdict } from './history.ts';

/** Sums that some of the adds of unknown end can make; beyond so many the check would take too long, and says so. */
const acceptableMax = 1_000_000;

export interface CounterRules {
  readonly nodes: readonly string[];
  readonly isGrowOnly: boolean;
}

export function checkCounter(history: readonly Entry[], { nodes, isGrowOnly }: CounterRules): Verdict {
  const operations = operationsOf(history);
  const adds = operations.filter(({ invoked, outcome }) => invoked.f === 'write' && outcome !== 'fail');
  const reads = operations.filter(({ invoked, outcome }) => invoked.f === 'read' && outcome === 'ok');
  const acceptable = acceptableSums(adds);
  const finals = reads.filter(({ invoked }) => invoked.isFinal);
  return {
    problems: [
      ...finals
        .filter((read) => !acceptable.has(valueRead(read)))
        .map((read) => `impossible: ${read.invoked.node} shows ${valueRead(read)} at the end; possible: ${rangeOf(acceptable)}`),
      ...unequalReads(finals, nodes),
      ...reads.flatMap((read) => outOfBounds(read, adds)),
      ...(isGrowOnly ? shrunkReads(reads) : []),
    ],
    figures: { ...countsOf(operations), acceptable: rangeOf(acceptable) },
  };
}

/** Every sum of the acknowledged adds and a selection of the others. */
function acceptableSums(adds: readonly Operation[]): ReadonlySet<number> {
  const sums = new Set([sumOf(adds.filter(({ outcome }) => outcome === 'ok').map(deltaOf))]);
  for (const delta of adds.filter(({ outcome }) => outcome === 'info').map(deltaOf)) {
    for (const sum of [...sums]) sums.add(sum + delta);
    if (sums.size > acceptableMax) throw new Error(`more than ${acceptableMax} sums are possible`);
  }
  return sums;
}

function unequalReads(finals: readonly Operation[], nodes: readonly string[]): string[] {
  const problems = nodes
    .filter((node) => !finals.some(({ invoked }) => invoked.node === node))
    .map((node) => `unequal: nothing was read from ${node} at the end`);
  const values = new Set(finals.map(valueRead));
  if (values.size > 1) {
    const shown = finals.map((read) => `${read.invoked.node} ${valueRead(read)}`);
    problems.push(`unequal: the nodes differ at the end: ${shown.join(', ')}`);
  }
  return problems;
}

function outOfBounds(read: Operation, adds: readonly Operation[]): string[] {
  const endIndex = read.ended?.index ?? 0;
  let low = 0;
  let high = 0;
  for (const { invoked, ended, outcome } of adds) {
    if (invoked.index > endIndex) continue;
    const delta = deltaOf({ invoked });
    const isKnown = outcome === 'ok' && invoked.node === read.invoked.node && (ended?.index ?? endIndex) < read.invoked.index;
    low += isKnown ? delta : Math.min(0, delta);
    high += isKnown ? delta : Math.max(0, delta);
  }
  const value = valueRead(read);
  if (value >= low && value <= high) return [];
  return [`out of bounds: ${read.invoked.node} shows ${value}, not ${low} to ${high} (entry ${endIndex})`];
}

function shrunkReads(reads: readonly Operation[]): string[] {
  return reads.flatMap((read) => {
    const before = reads.filter(
      ({ invoked, ended }) => invoked.node === read.invoked.node && ended !== undefined && ended.index < read.invoked.index,
    );
    const most = Math.max(Number.NEGATIVE_INFINITY, ...before.map(valueRead));
    return valueRead(read) < most
      ? [`shrunk: ${read.invoked.node} shows ${valueRead(read)} after ${most} (entry ${read.ended?.index})`]
      : [];
  });
}

function rangeOf(sums: ReadonlySet<number>): string {
  const sorted = [...sums].sort((a, b) => a - b);
  const [low, high] = [sorted[0], sorted.at(-1)];
  return low === high ? `${low}` : `${sums.size} sums from ${low} to ${high}`;
}

function valueRead({ ended }: Operation): number {
  return integerOf(ended?.value);
}

function deltaOf({ invoked }: Pick<Operation, 'invoked'>): number {
  return integerOf(invoked.value);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function integerOf(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new Error(`${JSON.stringify(value)} is no integer`);
  return Number(value);
}
