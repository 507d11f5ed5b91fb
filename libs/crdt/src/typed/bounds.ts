// The bounds of a bounded counter, and who starts with the rights to leave 0: the schema's regions, in equal shares.

import { assert } from '@anabranch/base';
import { isRegionId } from '@anabranch/causality';
import type { Rights, RightsKind } from '../escrow.ts';
import { crdtLimits } from '../limits.ts';
import type { BoundedCounterSchema } from '../schema.ts';

export interface Bounds {
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** By region. */
  readonly shares: ReadonlyMap<string, Rights>;
}

/** Schemas do not change, and a map has many counters of one: their shares are computed once. */
const known = new WeakMap<BoundedCounterSchema, Bounds>();

/** What is wrong with the schema of a bounded counter, or undefined. */
export function boundsFault({ min, max, split }: BoundedCounterSchema): string | undefined {
  const bounds = [min, max].filter((bound) => bound !== undefined);
  if (bounds.length === 0) return 'a bounded counter has a min, a max or both';
  if (!bounds.every(Number.isSafeInteger)) return 'a bound is an integer of at most 2^53 - 1';
  const [lowest, highest] = [min ?? 0, max ?? 0];
  if (lowest > 0 || highest < 0) return 'the bounds include 0, where every bounded counter starts';
  const hasShares = lowest < 0 || highest > 0;
  if (split !== undefined) return hasShares ? splitFault(split) : 'without a min below 0 or a max above 0 there is nothing to split';
  return hasShares ? 'with a min below 0 or a max above 0, split names the regions that share the rights to get there' : undefined;
}

function splitFault(split: readonly string[]): string | undefined {
  if (split.length < 1 || split.length > crdtLimits.splitRegionsMax) return `split names 1 to ${crdtLimits.splitRegionsMax} regions`;
  if (!split.every(isRegionId)) return 'split names regions: [a-z][a-z0-9-]{0,31}';
  return new Set(split).size < split.length ? 'split names a region twice' : undefined;
}

export function boundsOf(schema: BoundedCounterSchema): Bounds {
  const found = known.get(schema);
  if (found !== undefined) return found;
  assert(boundsFault(schema) === undefined, () => `the schema of a bounded counter: ${boundsFault(schema)}`);
  const { min, max, split = [] } = schema;
  const shares = new Map(
    split.map((region, nth) => [region, { down: shareOf(0 - (min ?? 0), split.length, nth), up: shareOf(max ?? 0, split.length, nth) }]),
  );
  const bounds = { min, max, shares };
  known.set(schema, bounds);
  return bounds;
}

/** Whether rights of this kind are asked for at all. */
export function hasBound({ min, max }: Bounds, kind: RightsKind): boolean {
  return (kind === 'down' ? min : max) !== undefined;
}

/** The nth of equal shares of a total; what does not divide goes to the first ones, one each. */
function shareOf(total: number, count: number, nth: number): number {
  return Math.floor(total / count) + (nth < total % count ? 1 : 0);
}
