import { isRegionId, parseRegionId, type RegionId } from '@anabranch/causality';

/** A region for every node: named like it where all nodes have names fit for regions, else by their place in the list. */
export function regionNames(nodes: readonly string[]): ReadonlyMap<string, RegionId> {
  const isFit = nodes.every(isRegionId);
  return new Map(nodes.map((node, index) => [node, parseRegionId(isFit ? node : `node-${index}`)]));
}
