// What an embedded client is refused of the documents that it named, on its way to the client.
//
//   add --> told at once, while little waits to be sent
//            \--> waiting --the client reads--> told
//
// Invariant 1: however many are refused at once, that alone never makes the client one that reads too slowly.
// Invariant 2: what waits is bounded, each document once: beyond the limit nothing more is read of the client.

import type { AnabranchError, ErrorCode } from '@anabranch/base';
import { type DocumentId, encodeSessionFrame } from '@anabranch/protocol';
import type { SessionSocket } from './session-socket.ts';
import type { SyncLimits } from './sync-limits.ts';

interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

export class DocumentRefusals {
  readonly #socket: SessionSocket;
  readonly #limits: SyncLimits;
  readonly #waiting = new Map<DocumentId, Refusal>();

  constructor(socket: SessionSocket, limits: SyncLimits) {
    this.#socket = socket;
    this.#limits = limits;
  }

  add(document: DocumentId, { code, message }: AnabranchError): void {
    this.#waiting.set(document, { code, message });
    this.tell();
  }

  /** The client no longer asks for the document. */
  forget(document: DocumentId): void {
    this.#waiting.delete(document);
  }

  /** Tells as many as fit. */
  tell(): void {
    // Looked at first: to begin at the front of a map costs as many steps as were deleted there.
    if (this.#mayTell) {
      for (const [document, refusal] of this.#waiting) {
        this.#waiting.delete(document);
        this.#socket.send(encodeSessionFrame({ type: 'unavailable', document, ...refusal }));
        if (!this.#mayTell) break;
      }
    }
    this.#socket.hold(this, this.#waiting.size > this.#limits.refusalsUnsentMax);
  }

  get #mayTell(): boolean {
    return this.#socket.isOpen && this.#socket.bufferedBytes < this.#limits.documentsUnsentBytesHigh;
  }
}
