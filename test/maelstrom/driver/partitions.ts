// The ways a partition cuts a network, as lists of directions in which nothing arrives.

import type { SeededRandom } from '../../simulator/seeded-random.ts';

export type Direction = readonly [from: string, to: string];

export interface Partition {
  readonly kind: 'halves' | 'one way' | 'bridge';
  readonly directions: readonly Direction[];
}

/** Draws a partition; with two nodes there is no bridge. */
export function drawPartition(nodes: readonly string[], random: SeededRandom): Partition {
  const shuffled = shuffle(nodes, random);
  const kind = random.pick(nodes.length > 2 ? (['halves', 'one way', 'bridge'] as const) : (['halves', 'one way'] as const));
  // A bridge sees both sides, which do not see each other: what they write must pass through it.
  const divided = kind === 'bridge' ? shuffled.slice(1) : shuffled;
  const [left, right] = [divided.slice(0, divided.length >> 1), divided.slice(divided.length >> 1)];
  const across = left.flatMap((from) => right.map((to): Direction => [from, to]));
  return { kind, directions: kind === 'one way' ? across : [...across, ...across.map(([from, to]): Direction => [to, from])] };
}

function shuffle<T>(items: readonly T[], random: SeededRandom): T[] {
  const rest = [...items];
  const shuffled: T[] = [];
  while (rest.length > 0) shuffled.push(...rest.splice(random.below(rest.length), 1));
  return shuffled;
}
