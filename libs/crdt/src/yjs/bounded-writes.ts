// Whether an update would write to an entry of a bounded counter, asked before it is merged.
//
// An item of the map of entries names its key itself, or takes it from a neighbour that it names. So an update writes to an
// entry iff a struct of it, which the document lacks, names such a key or such an item of the document as its neighbour, or
// it deletes such an item. Neighbours within the update are structs of it: they answer for themselves.

import * as Y from 'yjs';
import type { ScannedUpdate, StructId } from './update-reader.ts';

/** `entries` is the map of flat entries, the root type of this name; the update passed inspection. */
export function writesBounded(
  entries: { readonly root: string; readonly map: Y.Map<unknown> },
  { structs, deletions }: ScannedUpdate,
  isBounded: (key: string) => boolean,
): boolean {
  const { store } = entries.map.doc ?? {};
  if (store === undefined) return false;
  const isEntry = (struct: unknown): boolean =>
    struct instanceof Y.Item && struct.parent === entries.map && struct.parentSub !== null && isBounded(struct.parentSub);
  const isHeldEntry = ({ client, clock }: StructId): boolean =>
    clock < Y.getState(store, client) && isEntry(Y.getItem(store, Y.createID(client, clock)));
  for (const section of structs.values()) {
    for (const struct of section) {
      if (struct.clock + struct.length <= Y.getState(store, struct.client)) continue;
      if (struct.root === entries.root && struct.key !== undefined && isBounded(struct.key)) return true;
      if (struct.origins.some(isHeldEntry)) return true;
    }
  }
  return deletions.some(({ client, clock, length }) => {
    const held = store.clients.get(client) ?? [];
    if (held.length === 0 || clock >= Y.getState(store, client)) return false;
    for (let i = Y.findIndexSS(held, clock); i < held.length; i++) {
      const struct = held[i];
      if (struct === undefined || struct.id.clock >= clock + length) return false;
      if (!struct.deleted && isEntry(struct)) return true;
    }
    return false;
  });
}
