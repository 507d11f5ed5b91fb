// One y-websocket client at one document: between its messages and the document session of the replica.
//
//   greeting --client's step 1--> live --any end--> closed
//
// Client updates are handed over at once and in order; the others see them when they are durable. The client sees what
// others wrote when it is delivered, and, for its step 1, the document as soon as everything in it is durable.
//
// Invariant 1 (G2): bytes made from the document are sent only after `whenDurable` of the moment they were made.
// Invariant 2: nothing delivered after step 2 was made is left out; what is sent twice has no effect.
// Invariant 3: an update that builds on parts this region lacks is not kept: step 1 asks the client for all that is missing.
// Invariant 4: at its end the session takes its clients out of the awareness of the room.
// Invariant 5: a client that wants tokens is told one that covers each own update once it is durable, and everything it was
//              sent: with it, it may go on over REST or in another region.

import { type AnabranchError, assert, type ErrorCode, isAnabranchError } from '@anabranch/base';
import type { VersionVector } from '@anabranch/causality';
import { YjsDocument } from '@anabranch/crdt';
import type { Delivery, DocumentSession, ReplicaDoor } from '@anabranch/engine';
import { type DocumentId, frameInvalid } from '@anabranch/protocol';
import type { WebSocket } from 'ws';
import * as Y from 'yjs';
import { sessionTokenOf } from '../http/fields.ts';
import { type AwarenessEntry, decodeAwareness, encodeAwareness } from './awareness-table.ts';
import { SessionSocket, type SessionSocketParts } from './session-socket.ts';
import {
  awarenessUpdateBytesMax,
  decodeYjsMessage,
  emptyAwarenessMessage,
  encodeAwarenessMessage,
  encodeSyncStep1,
  encodeSyncStep2,
  encodeToken,
  encodeUpdate,
  queryAwarenessMessage,
} from './yjs-messages.ts';
import type { YjsRoom } from './yjs-room.ts';

export interface YjsSessionParts extends SessionSocketParts {
  readonly replica: ReplicaDoor;
  /** Tell the client session tokens, in a message that only a client which asks for it knows. */
  readonly wantsTokens: boolean;
  /** Called once, when the socket is gone. */
  readonly onClosed: (session: YjsSession) => void;
}

/** The frame of the newest delivery: the sessions of a document are told one after the other. */
let lastUpdateFrame: { readonly update: Uint8Array; readonly frame: Uint8Array } | undefined;

export class YjsSession {
  readonly document: DocumentId;
  readonly socket: SessionSocket;
  readonly #parts: YjsSessionParts;
  readonly #room: YjsRoom;
  readonly #session: DocumentSession;
  readonly #crdt: YjsDocument;
  #isLive = false;
  #incompleteUpdates = 0;
  #told: VersionVector | undefined;

  /** @throws AnabranchError of {@link ReplicaDoor.openSession}. */
  constructor(webSocket: WebSocket, document: DocumentId, room: YjsRoom, parts: YjsSessionParts) {
    this.document = document;
    this.#parts = parts;
    this.#room = room;
    this.#session = parts.replica.openSession(document, {
      deliver: (delivery) => this.#deliver(delivery),
      awareness: (message) => this.#receiveRelayed(message),
      ended: (code) => this.#ended(code),
    });
    const { document: crdt } = this.#session;
    assert(crdt instanceof YjsDocument, 'a session of the Yjs door has a Yjs document');
    this.#crdt = crdt;
    this.socket = new SessionSocket(
      webSocket,
      {
        receive: (message) => this.#receive(message),
        keepAlive: () => this.socket.send(emptyAwarenessMessage),
        drained: () => {},
        closed: () => this.#closed(),
      },
      parts,
    );
    room.sessions.add(this);
    this.#greet();
  }

  #greet(): void {
    this.#askForMissing();
    this.#sendAwareness(this.#room.awareness.present);
    if (this.#room.sessions.size === 1) this.#session.relayAwareness(queryAwarenessMessage);
  }

  #receive(bytes: Uint8Array): void {
    const message = decodeYjsMessage(bytes);
    switch (message.type) {
      case 'syncStep1':
        this.socket.working(() => this.#answerStep1(message.stateVector));
        return;
      case 'update':
        void this.#ingest(message.update);
        return;
      case 'awareness':
        this.socket.chargeAwareness(bytes.length);
        this.#receiveAwareness(message.update);
        return;
      case 'queryAwareness':
        this.socket.working(() => this.#sendAwareness(this.#room.awareness.present));
    }
  }

  #answerStep1(stateVector: Uint8Array): void {
    let step2: Uint8Array;
    try {
      step2 = encodeSyncStep2(Y.encodeStateAsUpdate(this.#crdt.doc, stateVector));
    } catch {
      throw frameInvalid('not a state vector');
    }
    // From here on deliveries are passed on: what step 2 lacks comes after this moment (Invariant 2).
    this.#isLive = true;
    this.#whenDurable(() => {
      this.socket.answer(step2);
      this.#tellToken(this.#parts.replica.version);
    });
  }

  #tellToken(version: VersionVector): void {
    if (!this.#parts.wantsTokens || this.#told?.equals(version)) return;
    this.#told = version;
    this.socket.send(encodeToken(sessionTokenOf(version)));
  }

  /** Sends step 1: the client answers with all that it has and this region lacks. */
  #askForMissing(): void {
    const step1 = encodeSyncStep1(Y.encodeStateVector(this.#crdt.doc));
    this.#whenDurable(() => this.socket.answer(step1));
  }

  async #ingest(update: Uint8Array): Promise<void> {
    this.socket.beginIngest(update.length);
    try {
      await this.#session.ingest(update);
      this.#incompleteUpdates = 0;
      this.#tellToken(this.#parts.replica.version);
    } catch (error) {
      if (isAnabranchError(error, 'update_incomplete')) this.#receiveIncomplete(error);
      else this.socket.fail(error);
    } finally {
      this.socket.endIngest(update.length);
    }
  }

  /** The client edited before it was asked for what it did offline; asked again, it sends both. */
  #receiveIncomplete(error: AnabranchError): void {
    this.#incompleteUpdates += 1;
    if (this.#incompleteUpdates > this.#parts.limits.incompleteUpdatesMax) this.socket.fail(error);
    else this.#askForMissing();
  }

  #deliver(delivery: Delivery): void {
    if (!this.#isLive || delivery.author === this.#session) return;
    if (lastUpdateFrame?.update !== delivery.update) {
      lastUpdateFrame = { update: delivery.update, frame: encodeUpdate(delivery.update) };
    }
    this.socket.send(lastUpdateFrame.frame);
    this.#tellToken(delivery.version);
  }

  #receiveAwareness(update: Uint8Array): void {
    const entries = decodeAwareness(update, this.#parts.limits);
    this.#relay(this.#room.awareness.merge(entries, this, this.#parts.clock.monotonicMs()));
  }

  #receiveRelayed(message: Uint8Array): void {
    try {
      const asksWhoIsThere = this.#room.takeRelayed(message, this.#parts.clock.monotonicMs());
      if (!asksWhoIsThere) this.socket.send(message);
      else if (this.#room.isSpeaker(this)) this.#relay(this.#room.awareness.presentHere);
    } catch (error) {
      if (!isAnabranchError(error)) throw error;
      this.#parts.logger.error('awareness.refused', { code: error.code, reason: error.message });
    }
  }

  #relay(entries: readonly AwarenessEntry[]): void {
    for (const update of encodeAwareness(entries, awarenessUpdateBytesMax)) {
      this.#session.relayAwareness(encodeAwarenessMessage(update));
    }
  }

  #sendAwareness(entries: readonly AwarenessEntry[]): void {
    for (const update of encodeAwareness(entries, awarenessUpdateBytesMax)) this.socket.answer(encodeAwarenessMessage(update));
  }

  #whenDurable(send: () => void): void {
    this.#session.whenDurable().then(send, (error: unknown) => this.socket.fail(error));
  }

  /** The replica ended the session; the client finds its way back by itself. */
  #ended(code: ErrorCode): void {
    this.socket.close(code, 'the region ended the session');
  }

  #closed(): void {
    this.#room.sessions.delete(this);
    this.#relay(this.#room.awareness.removeOwned(this, this.#parts.clock.monotonicMs()));
    this.#session.close();
    this.#parts.onClosed(this);
  }
}
