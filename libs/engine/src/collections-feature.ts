// Regions must keep a collection alike: with one library and one schema. Each names a digest of its collections in the hello,
// among the features, so that a difference is noticed when two regions meet and not when a document looks wrong.

import { canonicalJson, encodeUtf8, type Hash, type JsonValue, toHex } from '@anabranch/base';
import type { CollectionSchema } from '@anabranch/crdt';

const prefix = 'collections=';

export function collectionsFeature(collections: ReadonlyMap<string, CollectionSchema>, hash: Hash): string {
  const described: JsonValue = JSON.parse(JSON.stringify(Object.fromEntries(collections)));
  return prefix + toHex(hash.sha256(encodeUtf8(canonicalJson(described))).subarray(0, 16));
}

/** Whether both name their collections and these differ. */
export function collectionsDiffer(ours: readonly string[], theirs: readonly string[]): boolean {
  const [own, other] = [ours, theirs].map((features) => features.find((feature) => feature.startsWith(prefix)));
  return own !== undefined && other !== undefined && own !== other;
}
