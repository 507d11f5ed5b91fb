// Merges updates into a document that may lack what they build on: each is merged whole, or not at all.
//
// Yjs takes of an update what it can and keeps the rest for later; Automerge takes a change whole or keeps it for later, so it is
// given them all.

import { type ErrorCode, isAnabranchError } from '@anabranch/base';
import type { CrdtDocument } from '@anabranch/crdt';
import { YjsDocument } from '@anabranch/crdt/yjs';

/** Gives those, in order, that build on what the document lacks. They may be tried again when more of it was merged. */
export function mergeWhole(crdt: CrdtDocument, updates: readonly Uint8Array[]): readonly Uint8Array[] {
  if (!(crdt instanceof YjsDocument)) {
    if (updates.length > 0) crdt.apply(updates);
    return [];
  }
  for (let left = updates; ; ) {
    const withheld = left.filter((update) => {
      if (buildsOnMissing(update, crdt)) return true;
      crdt.apply([update]);
      return false;
    });
    if (withheld.length === 0 || withheld.length === left.length) return withheld;
    left = withheld;
  }
}

function buildsOnMissing(update: Uint8Array, crdt: YjsDocument): boolean {
  try {
    crdt.inspect(update);
    return false;
  } catch (error) {
    if (!isAnabranchError(error)) throw error;
    // What else would be wrong with it was found before it was kept, or is found when it is merged.
    return error.code === ('update_incomplete' satisfies ErrorCode);
  }
}
