/**
 * The region that an origin's ops come from; undefined when there is none, or its link is cut: a region learns of a cut only
 * after a while, and names its old upstream until then.
 * @param {string} region that pulls
 * @param {{ upstream: string | null } | undefined} lag
 * @param {readonly { a: string, b: string, state: 'up' | 'cut' | 'one-way' }[]} links
 * @returns {string | undefined}
 */
export function reachableUpstream(region, lag, links) {
  const upstream = lag?.upstream ?? undefined;
  const link = links.find(({ a, b }) => (a === region && b === upstream) || (b === region && a === upstream));
  return link?.state === 'up' ? upstream : undefined;
}
