// Reads entries of the map `f` out of Automerge changes: each operation names its key, and the operations it replaces.
// Snapshots, which hold a whole history in one chunk, are passed over: regions log changes.

import { decodeChange } from '@automerge/automerge';
import { chunkTypes, splitChunks } from '../automerge/chunks.ts';
import { entriesId } from '../automerge/first-change.ts';
import type { EntryChanges, EntryReader, EntrySet } from './entry-reader.ts';

export class AutomergeEntryReader implements EntryReader {
  readonly #isTracked: (key: string) => boolean;

  constructor(isTracked: (key: string) => boolean) {
    this.#isTracked = isTracked;
  }

  read(update: Uint8Array): EntryChanges {
    const sets: EntrySet[] = [];
    const replaced: string[] = [];
    for (const chunk of splitChunks(update)) {
      if (chunk.type === chunkTypes.document) continue;
      const { ops, startOp, actor } = decodeChange(chunk.bytes);
      for (const [at, { obj, key, action, value, pred }] of ops.entries()) {
        if (obj !== entriesId || typeof key !== 'string' || !this.#isTracked(key)) continue;
        replaced.push(...(pred ?? []));
        if (action === 'set') sets.push({ id: `${startOp + at}@${actor}`, key, text: typeof value === 'string' ? value : undefined });
      }
    }
    const gone = new Set(replaced);
    return { sets: sets.map((set) => (gone.has(set.id) ? { ...set, text: undefined } : set)), replaced };
  }
}
