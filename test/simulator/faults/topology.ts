import type { SeededRandom } from '../seeded-random.ts';

export type Topology = 'mesh' | 'ring' | 'star' | 'chain';

type Links = ReadonlyArray<readonly [string, string]>;

/** Who is linked with whom. */
export function drawLinks(random: SeededRandom, regions: readonly string[]): { readonly topology: Topology; readonly links: Links } {
  const topology = random.pick<Topology>(['mesh', 'mesh', 'mesh', 'ring', 'star', 'chain']);
  const links = linksOf(topology, regions);
  // Three in a ring, or two in anything, are all linked.
  const isMesh = links.length === (regions.length * (regions.length - 1)) / 2;
  return { topology: isMesh ? 'mesh' : topology, links };
}

function linksOf(topology: Topology, regions: readonly string[]): Links {
  const [first = ''] = regions;
  const chain = regions.slice(1).map((region, at) => [regions[at] ?? first, region] as const);
  switch (topology) {
    case 'mesh':
      return regions.flatMap((a, at) => regions.slice(at + 1).map((b) => [a, b] as const));
    case 'star':
      return regions.slice(1).map((region) => [first, region] as const);
    case 'ring':
      return regions.length > 2 ? [...chain, [first, regions.at(-1) ?? first]] : chain;
    case 'chain':
      return chain;
  }
}

/** A random set of regions, at least two, that are linked with each other over members of the set. */
export function drawCore(random: SeededRandom, regions: readonly string[], links: Links): readonly string[] {
  const size = 2 + random.below(regions.length - 1);
  const core = new Set([random.pick(regions)]);
  while (core.size < size) {
    const reachable = links.flatMap(([a, b]) => (core.has(a) === core.has(b) ? [] : [core.has(a) ? b : a]));
    if (reachable.length === 0) break;
    core.add(random.pick(reachable));
  }
  return regions.filter((region) => core.has(region));
}
