// What editors write to one library's document of a freeform Yjs collection, for as long as anybody holds it.
//
//   live --a write to it was refused--> taken back --replaced--> replaced
//     \---------------------------------------------------------> closed
//
// An editor does not know that a write of it was refused: it goes on with a document that holds what no region takes. Yjs cannot
// take an update out of a document, so there is another document without it, and this one is watched still.
//
// Invariant 1: what is written to a live document is a write of the device, told after the change that it answers, and when the library
//              has ended its transactions: whoever is told may edit the document.
// Invariant 2: what is written afterwards is carried over to the document that is shown if that holds everything it builds on: then
//              it is an edit like any other that is concurrent with it. The rest is told to be refused. Nothing is lost silently.
// Invariant 3: what is written after a refusal is numbered under a clientID of its own. Under the old one it would seem to build on
//              what was refused, whatever it is.

import type { AnabranchError } from '@anabranch/base';
import type { YjsDocument } from '@anabranch/crdt/yjs';

export interface EditorWatchParts {
  /** True while the client changes a document of the library: what an observer then writes is told after that. */
  readonly isChanging: () => boolean;
  readonly edited: (update: Uint8Array) => void;
  readonly refused: (error: AnabranchError) => void;
  readonly newClientId: () => number;
}

/** Takes an update over into the document that is shown, or says why not. */
export type CarryOver = (update: Uint8Array) => AnabranchError | undefined;

type WatchState =
  | { readonly kind: 'live' }
  | { readonly kind: 'takenBack' }
  | { readonly kind: 'replaced'; readonly carryOver: CarryOver }
  | { readonly kind: 'closed'; readonly why: AnabranchError };

export class EditorWatch {
  readonly #crdt: YjsDocument;
  readonly #parts: EditorWatchParts;
  /** Not told yet. */
  readonly #updates: Uint8Array[] = [];
  #state: WatchState = { kind: 'live' };

  constructor(crdt: YjsDocument, parts: EditorWatchParts) {
    this.#crdt = crdt;
    this.#parts = parts;
    crdt.doc.on('update', (update: Uint8Array, origin: unknown) => {
      // Own changes have the document as their origin (YjsDocument).
      if (origin !== crdt) this.#take(update);
    });
    crdt.doc.on('afterAllTransactions', () => {
      if (this.#updates.length === 0) return;
      if (this.#parts.isChanging()) queueMicrotask(() => this.tell());
      else this.tell();
    });
  }

  /** Tells what was not told yet; of a document that is taken back, nothing before it is replaced. */
  tell(): void {
    while (this.#state.kind !== 'takenBack') {
      const update = this.#updates.shift();
      if (update === undefined) return;
      this.#tellOne(update, this.#state);
    }
  }

  takeBack(): void {
    if (this.#state.kind !== 'live') return;
    this.#state = { kind: 'takenBack' };
    this.#renewClientId();
  }

  replacedBy(carryOver: CarryOver): void {
    this.#state = { kind: 'replaced', carryOver };
    this.tell();
  }

  close(why: AnabranchError): void {
    this.tell();
    this.#state = { kind: 'closed', why };
    this.tell();
  }

  #take(update: Uint8Array): void {
    this.#updates.push(update);
    // Each under an id of its own: one that is refused then takes none of the others along.
    if (this.#state.kind === 'takenBack') this.#renewClientId();
  }

  #tellOne(update: Uint8Array, state: Exclude<WatchState, { readonly kind: 'takenBack' }>): void {
    if (state.kind === 'live') return this.#parts.edited(update);
    if (state.kind === 'closed') return this.#parts.refused(state.why);
    const refusal = state.carryOver(update);
    if (refusal === undefined) return;
    this.#renewClientId();
    this.#parts.refused(refusal);
  }

  #renewClientId(): void {
    this.#crdt.doc.clientID = this.#parts.newClientId();
  }
}
