// Reads entries of the map `f` out of Yjs updates. An item names its key only when it is the first of it; a later one names
// the item it follows, so the keys of items are remembered.
//
// Invariant: only items under a tracked key are remembered. Deletions of anything else name ids that nobody knows.

import * as Y from 'yjs';
import type { EntryChanges, EntryReader, EntrySet } from './entry-reader.ts';

const entriesRoot = 'f';

export class YjsEntryReader implements EntryReader {
  readonly #isTracked: (key: string) => boolean;
  /** client -> clock -> key */
  readonly #keys = new Map<number, Map<number, string>>();

  constructor(isTracked: (key: string) => boolean) {
    this.#isTracked = isTracked;
  }

  read(update: Uint8Array): EntryChanges {
    const { structs, ds } = Y.decodeUpdate(update);
    const sets: EntrySet[] = [];
    for (const struct of structs) {
      if (!(struct instanceof Y.Item)) continue;
      const key = this.#keyOf(struct);
      if (key === undefined) continue;
      const { client, clock } = struct.id;
      const last = clock + struct.length - 1;
      const known = this.#keys.get(client) ?? new Map<number, string>();
      this.#keys.set(client, known);
      for (let at = clock; at <= last; at++) known.set(at, key);
      sets.push({ id: `${client}:${last}`, key, text: textOf(struct.content) });
    }
    return { sets, replaced: this.#replacedBy(ds.clients) };
  }

  #keyOf(item: Y.Item): string | undefined {
    if (item.origin !== null) return this.#keys.get(item.origin.client)?.get(item.origin.clock);
    // As decoded, the parent of an item in a root type is the name of the type.
    const isEntry = (item.parent as unknown) === entriesRoot && item.parentSub !== null;
    return isEntry && this.#isTracked(item.parentSub ?? '') ? (item.parentSub ?? undefined) : undefined;
  }

  #replacedBy(clients: DeleteRanges): string[] {
    const replaced: string[] = [];
    for (const [client, ranges] of clients) {
      const known = this.#keys.get(client) ?? new Map<number, string>();
      for (const range of ranges) for (const clock of knownWithin(range, known)) replaced.push(`${client}:${clock}`);
    }
    return replaced;
  }
}

type DeleteRanges = ReadonlyMap<number, ReadonlyArray<{ readonly clock: number; readonly len: number }>>;

/** The range of a deleted text may be far longer than all that is remembered. */
function knownWithin({ clock, len }: { readonly clock: number; readonly len: number }, known: ReadonlyMap<number, string>): number[] {
  if (len > known.size) return [...known.keys()].filter((at) => at >= clock && at < clock + len);
  return Array.from({ length: len }, (_, nth) => clock + nth).filter((at) => known.has(at));
}

function textOf(content: unknown): string | undefined {
  const value: unknown = content instanceof Y.ContentAny ? content.arr.at(-1) : undefined;
  return typeof value === 'string' ? value : undefined;
}
