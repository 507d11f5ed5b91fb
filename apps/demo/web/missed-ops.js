// What regions miss, seen from above: a region that is cut off cannot know it, but the page can ask all of them.

/**
 * @typedef {import('./api.js').Region} Region
 * @typedef {import('./api.js').RegionStatus} RegionStatus
 */

/**
 * The highest seq of each origin that any region has.
 * @param {readonly Region[]} regions
 * @returns {ReadonlyMap<string, number>}
 */
export function newestSeqs(regions) {
  /** @type {Map<string, number>} */
  const newest = new Map();
  for (const { status } of regions) {
    for (const [origin, seq] of Object.entries(status?.versionVector ?? {})) newest.set(origin, Math.max(seq, newest.get(origin) ?? 0));
  }
  return newest;
}

/**
 * How many ops of an origin a region misses.
 * @param {ReadonlyMap<string, number>} newest
 * @param {RegionStatus | undefined} status
 * @param {string} origin
 */
export function missedOps(newest, status, origin) {
  return (newest.get(origin) ?? 0) - (status?.versionVector[origin] ?? 0);
}
