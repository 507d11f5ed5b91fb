// The presence of one embedded client: between its presence frames and the rooms of the Yjs documents that these name, where
// clients of every protocol see each other.
//
//   away --frame that shows somebody, or asks--> there --unfollow, refusal or end of the session--> away
//
// Invariant 1: a frame is read to its last byte before a document is opened for it.
// Invariant 2: when the client is away from a document, nothing that it showed there is shown any more.
// Invariant 3: presence never ends a session for its slowness: a client that reads slowly misses some, and is told the rest
//              when others renew theirs.

import { AnabranchError, type ErrorCode, isAnabranchError } from '@anabranch/base';
import type { DocumentSession, ReplicaDoor } from '@anabranch/engine';
import { collectionOf, type DocumentId, encodeSessionFrame, type PresenceFrame } from '@anabranch/protocol';
import { decodeAwareness } from './awareness-table.ts';
import { RoomStay, type RoomStayParts } from './room-stay.ts';
import type { SessionSocket } from './session-socket.ts';
import type { SyncLimits } from './sync-limits.ts';

export interface DocumentsPresenceParts extends RoomStayParts {
  readonly replica: ReplicaDoor;
  readonly limits: SyncLimits;
  readonly socket: SessionSocket;
  readonly onRefused: (document: DocumentId, error: AnabranchError) => void;
}

interface Attendance {
  readonly session: DocumentSession;
  readonly stay: RoomStay;
}

export class DocumentsPresence {
  readonly #parts: DocumentsPresenceParts;
  readonly #attended = new Map<DocumentId, Attendance>();

  constructor(parts: DocumentsPresenceParts) {
    this.#parts = parts;
  }

  /** @throws AnabranchError when the update is none. */
  receive({ document, update }: PresenceFrame): void {
    const { limits, onRefused, socket } = this.#parts;
    socket.chargeAwareness(document.length + update.length);
    const entries = update.length === 0 ? [] : decodeAwareness(update, limits);
    const saysNothing = update.length > 0 && entries.every(({ state }) => state === undefined);
    if (saysNothing && !this.#attended.has(document)) return;
    try {
      const attendance = this.#attended.get(document) ?? socket.working(() => this.#attend(document));
      attendance.stay.receive(entries);
    } catch (error) {
      if (!isAnabranchError(error)) throw error;
      onRefused(document, error);
    }
  }

  leave(document: DocumentId): void {
    const attendance = this.#attended.get(document);
    if (attendance === undefined) return;
    this.#attended.delete(document);
    attendance.stay.leave();
    attendance.session.close();
  }

  close(): void {
    for (const document of [...this.#attended.keys()]) this.leave(document);
  }

  #attend(document: DocumentId): Attendance {
    const { limits, replica } = this.#parts;
    if (replica.collections.get(collectionOf(document))?.library === 'automerge') {
      throw new AnabranchError('presence_unsupported', 'the collection is kept with Automerge');
    }
    if (this.#attended.size >= limits.presenceDocumentsMax) {
      throw new AnabranchError('overloaded', `a client is present at no more than ${limits.presenceDocumentsMax} documents`);
    }
    const session = replica.openSession(document, {
      deliver: () => {},
      awareness: (message) => stay.receiveRelayed(message),
      ended: (code) => this.#ended(document, code),
    });
    const stay = new RoomStay(session, (update) => this.#show(document, update), this.#parts);
    const attendance = { session, stay };
    this.#attended.set(document, attendance);
    for (const update of stay.present()) this.#show(document, update);
    stay.askOtherRegions();
    return attendance;
  }

  #show(document: DocumentId, update: Uint8Array): void {
    const { limits, socket } = this.#parts;
    if (socket.bufferedBytes < limits.documentsUnsentBytesHigh) socket.send(encodeSessionFrame({ type: 'presence', document, update }));
  }

  #ended(document: DocumentId, code: ErrorCode): void {
    this.leave(document);
    this.#parts.onRefused(document, new AnabranchError(code, 'the region ended the session of the document'));
  }
}
