// One document in one tab: between the library's document and the application. It is changed by the client only, which says
// when a change is whole and may be shown.
//
// Invariant 1: `value` is one object until something changes, and what it shares with the one before is the same object.
// Invariant 2: listeners hear of a change after every document that it touches shows it.
// Invariant 3: what an editor writes to the library's document is a write of the device like any other, or is told to be
//              refused: also on a document that was replaced, or closed (EditorWatch).

import { AnabranchError, isAnabranchError, type JsonObject } from '@anabranch/base';
import type { Hlc } from '@anabranch/causality';
import type { Author, CrdtDocument, DocumentOp } from '@anabranch/crdt';
import { YjsDocument } from '@anabranch/crdt/yjs';
import { collectionOf, type DocumentId, localIdOf } from '@anabranch/protocol';
import type { Doc } from 'yjs';
import { callSafely } from '../call-safely.ts';
import type { Write } from '../write.ts';
import type { DeviceAuthor } from './device-author.ts';
import { EditorWatch } from './editor-watch.ts';
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
  /** False while no region has sent it whole: what is shown is of this device only, or lacks what could not be read. */
  readonly isHeld: boolean;
  readonly presence: Presence;
  /**
   * The library's document of a freeform Yjs collection, for editors. Another one after a write to it was refused:
   * {@link subscribeYjs} tells. What an editor then writes to the old one is carried over when it builds on nothing that was
   * refused, and is otherwise a refused write itself, `document_replaced`.
   */
  readonly yjs: Doc | undefined;
  /**
   * Why it is kept up to date no longer and takes no edits: it was forgotten, in this tab or another one (`document_unavailable`),
   * or the client was closed (`client_closed`). Undefined while it is open.
   */
  readonly closed: AnabranchError | undefined;
  /**
   * Applies operations at once, all or none. In the moment between the refusal of a write to the document and its replacement
   * it takes none: what it returns then is refused, `document_replaced`, and was not applied.
   * @throws AnabranchError `op_invalid`, `path_unknown`, `type_mismatch`, `index_out_of_range`, `value_invalid`, and what
   *   {@link closed} says: nothing was applied.
   */
  edit(ops: readonly DocumentOp[]): Write;
  /** Calls back after each change; returns how to end that. */
  subscribe(listener: (change: DocumentChange<View>) => void): () => void;
  /** Calls back when what the view holds at a JSON pointer has changed. */
  subscribeTo(path: string, listener: (value: unknown) => void): () => void;
  /** Calls back when {@link yjs} is another document, with it: editors are bound to that from then on. */
  subscribeYjs(listener: (yjs: Doc) => void): () => void;
  /** Calls back once, when it is {@link closed}; not when it was before. */
  onClosed(listener: (why: AnabranchError) => void): () => void;
}

export interface DocumentHost {
  edit(document: LocalDocument, ops: readonly DocumentOp[]): Write;
  /** An editor has written to the library's document. */
  edited(document: LocalDocument, update: Uint8Array): void;
  /** What an editor wrote cannot be taken. */
  editRefused(document: LocalDocument, error: AnabranchError): void;
  readonly presence: (document: LocalDocument) => DocumentPresence;
  /** A Yjs clientID that nobody has used. */
  newClientId(): number;
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
  readonly #yjsListeners = new Set<(yjs: Doc) => void>();
  readonly #closedListeners = new Set<(why: AnabranchError) => void>();
  #crdt: CrdtDocument;
  #author: DeviceAuthor;
  #value: JsonObject;
  #presence: DocumentPresence | undefined;
  #editor: EditorWatch | undefined;
  /** The library's document that listeners know of. */
  #shownYjs: Doc | undefined;
  /** True while the client itself changes the library's document. */
  #isChanging = false;
  #isTakenBack = false;
  #closed: AnabranchError | undefined;
  isHeld: boolean;
  /** Something of it builds on what is not here. */
  isWithholding = false;

  constructor(name: DocumentId, host: DocumentHost, content: { crdt: CrdtDocument; author: DeviceAuthor; isHeld: boolean }) {
    this.name = name;
    this.#host = host;
    this.#crdt = content.crdt;
    this.#author = content.author;
    this.isHeld = content.isHeld;
    this.#value = content.crdt.json();
    this.#editor = this.#watchEditor();
    this.#shownYjs = this.yjs;
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

  get closed(): AnabranchError | undefined {
    return this.#closed;
  }

  /** A write to it was refused, and it holds it still: until {@link replace}. */
  get isTakenBack(): boolean {
    return this.#isTakenBack;
  }

  /** Who makes the next edit. */
  nextAuthor(hlc: Hlc): Author {
    return { ...this.#author.next(hlc), mayLackPast: !this.isHeld || this.isWithholding };
  }

  get crdt(): CrdtDocument {
    return this.#crdt;
  }

  get yjs(): Doc | undefined {
    return this.#crdt instanceof YjsDocument && !this.#crdt.isTyped ? this.#crdt.doc : undefined;
  }

  get presence(): DocumentPresence {
    if (this.#presence !== undefined) return this.#presence;
    this.#presence = this.#host.presence(this);
    if (this.#closed !== undefined) this.#presence.close();
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

  subscribeYjs(listener: (yjs: Doc) => void): () => void {
    const own = (yjs: Doc): void => listener(yjs);
    this.#yjsListeners.add(own);
    return () => this.#yjsListeners.delete(own);
  }

  onClosed(listener: (why: AnabranchError) => void): () => void {
    const own = (why: AnabranchError): void => listener(why);
    this.#closedListeners.add(own);
    return () => this.#closedListeners.delete(own);
  }

  /**
   * Changes the library's document; nothing is shown before {@link show}. @throws AnabranchError `op_invalid` from an observer
   * of the library's document that is called because of a change, of the client or an editor, and within a transaction of the library: that
   * would put off the edit until it has ended.
   */
  change<Result>(act: (crdt: CrdtDocument) => Result): Result {
    if (this.#isChanging || (this.#crdt instanceof YjsDocument && this.#crdt.isInTransaction)) {
      throw new AnabranchError('op_invalid', 'an observer of the library writes to the library, or edits the document later');
    }
    this.#editor?.tell();
    return this.hold(() => act(this.#crdt));
  }

  /** Nobody else changes it while `act` lasts. */
  hold<Result>(act: () => Result): Result {
    this.#isChanging = true;
    try {
      return act();
    } finally {
      this.#isChanging = false;
    }
  }

  /** A write to it was refused: what it holds is replaced soon, and nothing can build on it. */
  takeBack(): void {
    this.#isTakenBack = true;
    this.#editor?.takeBack();
  }

  /** Takes another state in place of the present one. */
  replace(crdt: CrdtDocument, author: DeviceAuthor): void {
    const replaced = this.#editor;
    replaced?.takeBack();
    this.#crdt = crdt;
    this.#author = author;
    this.#isTakenBack = false;
    this.#editor = this.#watchEditor();
    replaced?.replacedBy((update) => this.#carryOver(update));
  }

  /** Shows what has changed. Returns how to tell the listeners, undefined when nothing is to be told. */
  show({ isLocal, region }: ChangeSource): (() => void) | undefined {
    const previous = this.#value;
    const yjs = this.yjs;
    const isReplaced = yjs !== undefined && yjs !== this.#shownYjs;
    this.#shownYjs = yjs;
    this.#value = this.#crdt.json();
    if (this.#value === previous && !isReplaced) return undefined;
    const change = { isLocal, region, value: this.#value, previous };
    return () => {
      if (isReplaced) for (const listener of [...this.#yjsListeners]) callSafely(() => listener(yjs));
      if (change.value === previous) return;
      for (const listener of [...this.#listeners]) callSafely(() => listener(change));
    };
  }

  close(why: AnabranchError): void {
    // What an observer wrote, and was to be told later, was written before.
    this.#editor?.close(why);
    this.#closed = why;
    this.#presence?.close();
    const listeners = [...this.#closedListeners];
    for (const each of [this.#listeners, this.#yjsListeners, this.#closedListeners]) each.clear();
    for (const listener of listeners) callSafely(() => listener(why));
  }

  #watchEditor(): EditorWatch | undefined {
    const crdt = this.#crdt;
    if (!(crdt instanceof YjsDocument) || crdt.isTyped) return undefined;
    return new EditorWatch(crdt, {
      isChanging: () => this.#isChanging,
      edited: (update) => this.#host.edited(this, update),
      refused: (error) => this.#host.editRefused(this, error),
      newClientId: () => this.#host.newClientId(),
    });
  }

  /** Takes what an editor wrote to a document that this one has replaced. */
  #carryOver(update: Uint8Array): AnabranchError | undefined {
    const crdt = this.#crdt;
    if (this.#closed !== undefined) return this.#closed;
    if (this.#isTakenBack || !(crdt instanceof YjsDocument) || !holdsBasisOf(update, crdt)) return replacedError(this.name);
    this.change(() => crdt.apply([update]));
    this.#host.edited(this, update);
    return undefined;
  }
}

/** A write that cannot be taken because what it builds on was refused. */
export function replacedError(document: DocumentId): AnabranchError {
  const details = { document };
  return new AnabranchError('document_replaced', `a write to ${document} was refused, and what this one builds on with it`, details);
}

function holdsBasisOf(update: Uint8Array, crdt: YjsDocument): boolean {
  try {
    crdt.inspect(update);
    return true;
  } catch (error) {
    if (isAnabranchError(error)) return false;
    throw error;
  }
}
