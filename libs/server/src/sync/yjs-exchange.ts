// One client at one Yjs document, whatever protocol carries it: between its y-websocket messages and the document session of
// the replica.
//
//   quiet --client's step 1--> live --close--> closed
//
// Client updates are handed over at once and in order; the others see them when they are durable. The client sees what
// others wrote when it is delivered, and, for its step 1, the document as soon as everything in it is durable.
//
// Invariant 1 (G2): bytes made from the document are sent only after `whenDurable` of the moment they were made.
// Invariant 2: nothing delivered after step 1 was answered is left out; what is sent twice has no effect.
// Invariant 3: an update that builds on parts this region lacks is not kept: step 1 asks the client for all that is missing.
// Who else is there it knows from its stay in the room of the document (room-stay.ts).

import { assert, type ErrorCode, isAnabranchError } from '@anabranch/base';
import type { VersionVector } from '@anabranch/causality';
import { YjsDocument } from '@anabranch/crdt';
import type { Delivery, DocumentSession, ReplicaDoor } from '@anabranch/engine';
import { type DocumentId, frameInvalid } from '@anabranch/protocol';
import * as Y from 'yjs';
import { decodeAwareness } from './awareness-table.ts';
import { RoomStay, type RoomStayParts } from './room-stay.ts';
import type { SessionSocket } from './session-socket.ts';
import type { SyncLimits } from './sync-limits.ts';
import { encodeAwarenessMessage, encodeSyncStep1, encodeUpdate } from './yjs-messages.ts';

/** The other end of an exchange. */
export interface ExchangeClient {
  /** Its own or one it shares: what the exchange takes from the client counts there. */
  readonly socket: SessionSocket;
  /** Takes a message of the region's own accord. */
  send(message: Uint8Array): void;
  /** Takes a message that the client asked for. */
  answer(message: Uint8Array): void;
  /** The client was sent, or had itself sent, all of this version that is in the document; it is durable. */
  told(version: VersionVector): void;
  /** The exchange cannot go on. */
  fail(error: unknown): void;
  /** The replica ended the session; the client finds its way back by itself. */
  ended(code: ErrorCode): void;
}

export interface YjsExchangeParts extends RoomStayParts {
  readonly replica: ReplicaDoor;
  readonly limits: SyncLimits;
}

interface Encoded {
  readonly update: Uint8Array;
  readonly message: Uint8Array;
}

/** The message of the newest delivery, and of the newest awareness: the sessions of a document are told one after the other. */
let lastDelivered: Encoded | undefined;
let lastShown: Encoded | undefined;

export class YjsExchange {
  readonly #client: ExchangeClient;
  readonly #parts: YjsExchangeParts;
  readonly #session: DocumentSession;
  readonly #crdt: YjsDocument;
  readonly #stay: RoomStay;
  #isLive = false;

  /** @throws AnabranchError of {@link ReplicaDoor.openSession}. */
  constructor(document: DocumentId, client: ExchangeClient, parts: YjsExchangeParts) {
    this.#client = client;
    this.#parts = parts;
    this.#session = parts.replica.openSession(document, {
      deliver: (delivery) => this.#deliver(delivery),
      awareness: (message) => this.#stay.receiveRelayed(message),
      ended: (code) => client.ended(code),
    });
    const { document: crdt } = this.#session;
    assert(crdt instanceof YjsDocument, 'a session of a Yjs door has a Yjs document');
    this.#crdt = crdt;
    this.#stay = new RoomStay(this.#session, (update) => this.#show(update), parts);
  }

  /** Asks the other regions who is there, when the client is the first here. */
  askWhoIsThere(): void {
    this.#stay.askOtherRegions();
  }

  /**
   * Answers the client's step 1 with what it lacks, as `encode` puts it; from then on the client is told what happens. Resolves
   * when the answer is sent. @throws AnabranchError `frame_invalid`, in the same turn.
   */
  answerStep1(stateVector: Uint8Array, encode: (update: Uint8Array) => Uint8Array): Promise<void> {
    let lacking: Uint8Array;
    try {
      lacking = Y.encodeStateAsUpdate(this.#crdt.doc, stateVector);
    } catch {
      throw frameInvalid('not a state vector');
    }
    // From here on deliveries are passed on: what the answer lacks comes after this moment (Invariant 2).
    this.#isLive = true;
    const message = encode(lacking);
    return this.#whenDurable(() => {
      this.#client.answer(message);
      this.#client.told(this.#parts.replica.version);
    });
  }

  /** Sends step 1: the client answers with all that it has and this region lacks. Resolves when it is sent. */
  askForMissing(): Promise<void> {
    const step1 = encodeSyncStep1(Y.encodeStateVector(this.#crdt.doc));
    return this.#whenDurable(() => this.#client.answer(step1));
  }

  /**
   * Resolves when an update of the client is durable: true; false when it builds on parts this region lacks and was not kept.
   * @throws AnabranchError of {@link DocumentSession.ingest} but `update_incomplete`.
   */
  async ingest(update: Uint8Array): Promise<boolean> {
    const { socket } = this.#client;
    socket.beginIngest(update.length);
    try {
      await this.#session.ingest(update);
      this.#client.told(this.#parts.replica.version);
      return true;
    } catch (error) {
      if (isAnabranchError(error, 'update_incomplete')) return false;
      throw error;
    } finally {
      socket.endIngest(update.length);
    }
  }

  /** Takes what the client says of itself and others. @throws AnabranchError when it is no awareness update. */
  receiveAwareness(update: Uint8Array): void {
    this.#stay.receive(decodeAwareness(update, this.#parts.limits));
  }

  answerWhoIsThere(): void {
    for (const update of this.#stay.present()) if (this.#hasRoom) this.#client.answer(encodeAwarenessMessage(update));
  }

  close(): void {
    this.#stay.leave();
    this.#session.close();
  }

  #deliver(delivery: Delivery): void {
    if (!this.#isLive || delivery.author === this.#session) return;
    if (lastDelivered?.update !== delivery.update) {
      lastDelivered = { update: delivery.update, message: encodeUpdate(delivery.update) };
    }
    this.#client.send(lastDelivered.message);
    this.#client.told(delivery.version);
  }

  /** Presence is never why a client counts as slow: what it misses, it is told when others renew theirs. */
  get #hasRoom(): boolean {
    return this.#client.socket.bufferedBytes < this.#parts.limits.presenceUnsentBytesHigh;
  }

  #show(update: Uint8Array): void {
    if (!this.#hasRoom) return;
    if (lastShown?.update !== update) lastShown = { update, message: encodeAwarenessMessage(update) };
    this.#client.send(lastShown.message);
  }

  #whenDurable(send: () => void): Promise<void> {
    return this.#session.whenDurable().then(send, (error: unknown) => this.#client.fail(error));
  }
}
