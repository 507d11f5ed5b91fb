// One document in one tab: between the library's document and the application. It is changed by the client only, which says
// when a change is whole and may be shown.
//
// Invariant 1: `value` is one object until something changes, and what it shares with the one before is the same object.
// Invariant 2: listeners hear of a change after every document that it touches shows it.
// Invariant 3: what an editor writes to the library's document is a write of the device like any other.

import { AnabranchError, type JsonObject } from '@anabranch/base';
import type { CrdtDocument, DocumentOp } from '@anabranch/crdt';
import { YjsDocument } from '@anabranch/crdt/yjs';
import { collectionOf, type DocumentId, localIdOf } from '@anabranch/protocol';
import type { Doc } from 'yjs';
import { callSafely } from '../call-safely.ts';
import type { Write } from '../write.ts';
import type { DeviceAuthor } from './device-author.ts';
import { valueAt } from './field-at.ts';
import type { DocumentPresence, Presence } from './presence.ts';

export interface DocumentChange<View> {
  /** Made by this device: in this tab, or in another one. */
  readonly isLocal: boolean;
  /** The region it was written in; undefined for a local change, and for a document that was sent whole. */
  readonly region: string | undefined;
  readonly value: View;
  readonly previous: View;
}

export interface ClientDocument<View = JsonObject> {
  /** `collection/id`. */
  readonly name: DocumentId;
  readonly collection: string;
  readonly id: string;
  /** The present view: never changed, replaced by another when the document changes. */
  readonly value: View;
  /** False for a document that nobody has written, or that was removed. */
  readonly exists: boolean;
  /** False while no region has sent it: what is shown is of this device only. */
  readonly isHeld: boolean;
  readonly presence: Presence;
  /** The library's document of a freeform Yjs collection, for editors. Another one after a write to it was refused. */
  readonly yjs: Doc | undefined;
  /**
   * Applies operations at once, all or none. @throws AnabranchError `op_invalid`, `path_unknown`, `type_mismatch`,
   * `index_out_of_range`, `value_invalid`, `client_closed`: nothing was applied.
   */
  edit(ops: readonly DocumentOp[]): Write;
  /** Calls back after each change; returns how to end that. */
  subscribe(listener: (change: DocumentChange<View>) => void): () => void;
  /** Calls back when what the view holds at a JSON pointer has changed. */
  subscribeTo(path: string, listener: (value: unknown) => void): () => void;
}

export interface DocumentHost {
  edit(document: LocalDocument, ops: readonly DocumentOp[]): Write;
  /** An editor has written to the library's document. */
  edited(document: LocalDocument, update: Uint8Array): void;
  readonly presence: (document: LocalDocument) => DocumentPresence;
}

/** Whose change is shown. */
export interface ChangeSource {
  readonly isLocal: boolean;
  readonly region: string | undefined;
}

export class LocalDocument implements ClientDocument<JsonObject> {
  readonly name: DocumentId;
  readonly #host: DocumentHost;
  readonly #listeners = new Set<(change: DocumentChange<JsonObject>) => void>();
  #crdt: CrdtDocument;
  #author: DeviceAuthor;
  #value: JsonObject;
  #presence: DocumentPresence | undefined;
  /** True while the client itself changes the library's document. */
  #isChanging = false;
  /** Updates that editors made and that are not told yet. */
  readonly #reactions: Uint8Array[] = [];
  isHeld: boolean;

  constructor(name: DocumentId, host: DocumentHost, content: { crdt: CrdtDocument; author: DeviceAuthor; isHeld: boolean }) {
    this.name = name;
    this.#host = host;
    this.#crdt = content.crdt;
    this.#author = content.author;
    this.isHeld = content.isHeld;
    this.#value = content.crdt.json();
    this.#watchEditor();
  }

  get collection(): string {
    return collectionOf(this.name);
  }

  get id(): string {
    return localIdOf(this.name);
  }

  get value(): JsonObject {
    return this.#value;
  }

  get exists(): boolean {
    return this.#crdt.exists();
  }

  get author(): DeviceAuthor {
    return this.#author;
  }

  get crdt(): CrdtDocument {
    return this.#crdt;
  }

  get yjs(): Doc | undefined {
    return this.#crdt instanceof YjsDocument && !this.#crdt.isTyped ? this.#crdt.doc : undefined;
  }

  get presence(): DocumentPresence {
    this.#presence ??= this.#host.presence(this);
    return this.#presence;
  }

  /** The presence, when somebody has asked for it. */
  get presenceInUse(): DocumentPresence | undefined {
    return this.#presence;
  }

  edit(ops: readonly DocumentOp[]): Write {
    return this.#host.edit(this, ops);
  }

  subscribe(listener: (change: DocumentChange<JsonObject>) => void): () => void {
    const own = (change: DocumentChange<JsonObject>): void => listener(change);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  subscribeTo(path: string, listener: (value: unknown) => void): () => void {
    return this.subscribe(({ value, previous }) => {
      const now = valueAt(value, path);
      if (now !== valueAt(previous, path)) listener(now);
    });
  }

  /**
   * Changes the library's document; nothing is shown before {@link show}. @throws AnabranchError `op_invalid` from an observer
   * of the library's document that is called because of a change: the library would put off the edit until that has ended.
   */
  change<Result>(act: (crdt: CrdtDocument) => Result): Result {
    if (this.#isChanging) {
      throw new AnabranchError('op_invalid', 'an observer of the library writes to the library, or edits the document later');
    }
    this.#tellReactions();
    this.#isChanging = true;
    try {
      return act(this.#crdt);
    } finally {
      this.#isChanging = false;
    }
  }

  /** Takes another state in place of the present one. */
  replace(crdt: CrdtDocument, author: DeviceAuthor): void {
    this.#tellReactions();
    this.#crdt = crdt;
    this.#author = author;
    this.#watchEditor();
  }

  /** Shows what has changed. Returns how to tell the listeners, undefined when nothing is to be told. */
  show({ isLocal, region }: ChangeSource): (() => void) | undefined {
    const previous = this.#value;
    this.#value = this.#crdt.json();
    if (this.#value === previous) return undefined;
    const change = { isLocal, region, value: this.#value, previous };
    return () => {
      for (const listener of [...this.#listeners]) callSafely(() => listener(change));
    };
  }

  close(): void {
    this.#presence?.close();
    this.#listeners.clear();
  }

  #watchEditor(): void {
    const crdt = this.#crdt;
    this.yjs?.on('update', (update: Uint8Array, origin: unknown) => {
      // Own changes have the document as their origin (YjsDocument).
      if (origin === crdt || crdt !== this.#crdt) return;
      this.#reactions.push(update);
      if (this.#isChanging) queueMicrotask(() => this.#tellReactions());
      else this.#tellReactions();
    });
  }

  /** What editors wrote: after the change that they answered, which is told of first. */
  #tellReactions(): void {
    for (const update of this.#reactions.splice(0)) this.#host.edited(this, update);
  }
}
