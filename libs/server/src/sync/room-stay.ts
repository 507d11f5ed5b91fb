// One client's stay in the room of a Yjs document, whatever protocol carries it: between what it says of itself and what the
// other sessions, here and in other regions, say of theirs.
//
//   in the room --leave--> out of it, and its clients with it
//
// Invariant 1: only news is relayed: clients echo each other without end otherwise.
// Invariant 2: at its end the stay takes its clients out of the awareness of the room, and says so to the others.

import { type Clock, isAnabranchError, type Logger } from '@anabranch/base';
import type { DocumentSession } from '@anabranch/engine';
import { type AwarenessEntry, encodeAwareness } from './awareness-table.ts';
import { awarenessUpdateBytesMax, encodeAwarenessMessage, queryAwarenessMessage } from './yjs-messages.ts';
import type { YjsRoom } from './yjs-room.ts';
import type { YjsRooms } from './yjs-rooms.ts';

export interface RoomStayParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rooms: YjsRooms;
}

export class RoomStay {
  readonly #session: DocumentSession;
  readonly #show: (update: Uint8Array) => void;
  readonly #parts: RoomStayParts;
  readonly #room: YjsRoom;

  /** `show` is told what others say; the same object to all clients of the region. */
  constructor(session: DocumentSession, show: (update: Uint8Array) => void, parts: RoomStayParts) {
    this.#session = session;
    this.#show = show;
    this.#parts = parts;
    this.#room = parts.rooms.enter(session.documentId, this);
  }

  /** Who is there, as updates. */
  present(): readonly Uint8Array[] {
    return encodeAwareness(this.#room.awareness.present, awarenessUpdateBytesMax);
  }

  /** Asks the other regions who is there, if nobody here has. */
  askOtherRegions(): void {
    if (this.#room.members.size === 1) this.#session.relayAwareness(queryAwarenessMessage);
  }

  /** Takes what the client says of itself and others. */
  receive(entries: readonly AwarenessEntry[]): void {
    this.#relay(this.#room.awareness.merge(entries, this, this.#parts.clock.monotonicMs()));
  }

  /** Takes a message relayed from another session or region. */
  receiveRelayed(message: Uint8Array): void {
    try {
      const update = this.#room.takeRelayed(message, this.#parts.clock.monotonicMs());
      if (update !== undefined) this.#show(update);
      else if (this.#room.isSpeaker(this)) this.#relay(this.#room.awareness.presentHere);
    } catch (error) {
      if (!isAnabranchError(error)) throw error;
      this.#parts.logger.error('awareness.refused', { code: error.code, reason: error.message });
    }
  }

  leave(): void {
    this.#parts.rooms.leave(this.#session.documentId, this);
    this.#relay(this.#room.awareness.removeOwned(this, this.#parts.clock.monotonicMs()));
  }

  #relay(entries: readonly AwarenessEntry[]): void {
    for (const update of encodeAwareness(entries, awarenessUpdateBytesMax)) {
      this.#session.relayAwareness(encodeAwarenessMessage(update));
    }
  }
}
