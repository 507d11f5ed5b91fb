// The content of a store in memory, and what each change does to it: what the memory store is, and what the folder store
// rebuilds from its journal.

import type { DocumentId } from '@anabranch/protocol';
import type {
  NewWrite,
  PendingWrite,
  RefusedWrite,
  SessionRecord,
  StoreChange,
  StoredDocument,
  StoredUpdate,
  StoreOpening,
} from './client-store.ts';
import { ownChange, ownWrite } from './own-bytes.ts';

/** How far places were given: one is not given twice, for a fold names what it holds by its place. */
export interface ImageCounters {
  readonly device: string;
  readonly lastN: number;
  readonly lastAt: number;
}

/** A document, or a part of its updates. */
export interface ImageDocument {
  readonly document: DocumentId;
  readonly isHeld: boolean;
  readonly updates: readonly StoredUpdate[];
}

export interface ImageContents {
  readonly counters: ImageCounters;
  readonly documents: readonly ImageDocument[];
  readonly pending: readonly PendingWrite[];
  readonly session: SessionRecord | undefined;
  readonly refusals: readonly RefusedWrite[];
}

interface KeptDocument {
  isHeld: boolean;
  updates: StoredUpdate[];
}

export class StoreImage {
  device = '';
  #session: SessionRecord | undefined;
  #refusals: readonly RefusedWrite[] = [];
  readonly #documents = new Map<DocumentId, KeptDocument>();
  readonly #pending = new Map<number, PendingWrite>();
  #lastN = 0;
  #lastAt = 0;

  get opening(): StoreOpening {
    const followed = [...this.#documents].map(([document, { isHeld }]) => ({ document, isHeld }));
    return { device: this.device, session: this.#session, followed, refusals: this.#refusals, pendingCount: this.#pending.size };
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

  /** What makes the same image of an empty one, with the same places. */
  contents(): ImageContents {
    const documents = [...this.#documents].map(([document, { isHeld, updates }]) => ({ document, isHeld, updates }));
    return {
      counters: { device: this.device, lastN: this.#lastN, lastAt: this.#lastAt },
      documents,
      pending: [...this.#pending.values()],
      session: this.#session,
      refusals: this.#refusals,
    };
  }

  restoreCounters({ device, lastN, lastAt }: ImageCounters): void {
    this.device = device;
    this.#lastN = lastN;
    this.#lastAt = lastAt;
  }

  /** Called for each part of a document, in their order. */
  restoreDocument({ document, isHeld, updates }: ImageDocument): void {
    const kept = this.#documents.get(document)?.updates ?? [];
    this.#documents.set(document, { isHeld, updates: kept });
    for (const update of updates) kept.push(update);
  }

  load(id: DocumentId): StoredDocument {
    const document = this.#documents.get(id);
    const pending = [...this.#pending.values()].filter(({ updates }) => updates.some((update) => update.document === id));
    return { isFollowed: document !== undefined, isHeld: document?.isHeld ?? false, updates: [...(document?.updates ?? [])], pending };
  }

  /** `n` is the place it had, when it is read again. */
  append(write: NewWrite, n: number = this.#lastN + 1): number {
    this.#lastN = Math.max(this.#lastN, n);
    this.#pending.set(n, { ...ownWrite(write), n });
    return n;
  }

  pendingAfter(n: number): PendingWrite[] {
    return [...this.#pending.values()].filter((write) => write.n > n);
  }

  apply(given: StoreChange): void {
    const change = ownChange(given);
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
      case 'unhold': {
        const known = this.#documents.get(change.document);
        if (known !== undefined) known.isHeld = false;
        return;
      }
      case 'state': {
        // One that was forgotten while its state was on its way is not taken up again.
        const known = this.#documents.get(change.document);
        if (known === undefined) return;
        this.#documents.set(change.document, { isHeld: true, updates: [...known.updates, this.#stored(change.state)] });
        return;
      }
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
      case 'refusals':
        this.#refusals = change.refusals;
        return;
      case 'fold':
        this.#fold(change);
    }
  }

  #fold({ document, upTo, state }: Extract<StoreChange, { type: 'fold' }>): void {
    const kept = this.#documents.get(document);
    if (kept === undefined) return;
    const later = kept.updates.filter(({ at }) => at > upTo);
    kept.updates = [{ at: upTo, bytes: state }, ...later];
  }

  #stored(bytes: Uint8Array): StoredUpdate {
    this.#lastAt += 1;
    return { at: this.#lastAt, bytes };
  }
}
