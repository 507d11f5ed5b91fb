// The content of a store in memory, and what each change does to it: what the memory store is, and what the folder store
// rebuilds from its journal.

import type { DocumentId } from '@anabranch/protocol';
import type { NewWrite, PendingWrite, SessionRecord, StoreChange, StoredDocument, StoredUpdate, StoreOpening } from './client-store.ts';

interface ImageDocument {
  isHeld: boolean;
  updates: StoredUpdate[];
}

export class StoreImage {
  device = '';
  #session: SessionRecord | undefined;
  readonly #documents = new Map<DocumentId, ImageDocument>();
  readonly #pending = new Map<number, PendingWrite>();
  #lastN = 0;
  #lastAt = 0;

  get opening(): StoreOpening {
    const followed = [...this.#documents].map(([document, { isHeld }]) => ({ document, isHeld }));
    return { device: this.device, session: this.#session, followed };
  }

  /** The greatest place a pending write had. */
  get lastN(): number {
    return this.#lastN;
  }

  /** The bytes of all updates it holds, about. */
  get bytes(): number {
    let bytes = 0;
    for (const { updates } of this.#documents.values()) for (const update of updates) bytes += update.bytes.length + 64;
    for (const { updates } of this.#pending.values()) for (const { update } of updates) bytes += update.length + 128;
    return bytes;
  }

  /** What it holds, as pending writes and one commit that make the same image of an empty one. */
  contents(): { readonly pending: readonly PendingWrite[]; readonly changes: readonly StoreChange[] } {
    const changes: StoreChange[] = [];
    for (const [document, { isHeld, updates }] of this.#documents) {
      const [first, ...later] = updates;
      if (isHeld && first !== undefined) changes.push({ type: 'state', document, state: first.bytes });
      else changes.push({ type: 'follow', document });
      for (const { bytes } of isHeld ? later : updates) changes.push({ type: 'update', document, update: bytes });
    }
    if (this.#session !== undefined) changes.push({ type: 'session', session: this.#session });
    return { pending: [...this.#pending.values()], changes };
  }

  load(id: DocumentId): StoredDocument {
    const document = this.#documents.get(id);
    const pending = [...this.#pending.values()].filter(({ updates }) => updates.some((update) => update.document === id));
    return { isFollowed: document !== undefined, isHeld: document?.isHeld ?? false, updates: [...(document?.updates ?? [])], pending };
  }

  /** `n` is the place it had, when it is read again. */
  append(write: NewWrite, n: number = this.#lastN + 1): number {
    this.#lastN = Math.max(this.#lastN, n);
    this.#pending.set(n, { ...write, n });
    return n;
  }

  pendingAfter(n: number): PendingWrite[] {
    return [...this.#pending.values()].filter((write) => write.n > n);
  }

  apply(change: StoreChange): void {
    switch (change.type) {
      case 'session':
        this.#session = change.session;
        return;
      case 'follow':
        if (!this.#documents.has(change.document)) this.#documents.set(change.document, { isHeld: false, updates: [] });
        return;
      case 'forget':
        this.#documents.delete(change.document);
        return;
      case 'state':
        this.#documents.set(change.document, {
          isHeld: true,
          updates: [...(this.#documents.get(change.document)?.updates ?? []), this.#stored(change.state)],
        });
        return;
      case 'update':
        this.#documents.get(change.document)?.updates.push(this.#stored(change.update));
        return;
      case 'settle':
        for (const { document, update } of this.#pending.get(change.n)?.updates ?? []) {
          this.#documents.get(document)?.updates.push(this.#stored(update));
        }
        this.#pending.delete(change.n);
        return;
      case 'drop':
        this.#pending.delete(change.n);
        return;
      case 'fold':
        this.#fold(change);
    }
  }

  #fold({ document, upTo, state }: Extract<StoreChange, { type: 'fold' }>): void {
    const held = this.#documents.get(document);
    if (held === undefined) return;
    const later = held.updates.filter(({ at }) => at > upTo);
    held.updates = [{ at: upTo, bytes: state }, ...later];
  }

  #stored(bytes: Uint8Array): StoredUpdate {
    this.#lastAt += 1;
    return { at: this.#lastAt, bytes };
  }
}
