// One y-websocket client: a socket, and the exchange about the one document that it is for.
//
//   greeting --client's step 1--> live --any end--> closed
//
// Invariant 1: a client that builds on parts this region lacks is asked for them, so many times in a row.
// Invariant 2: a client that wants tokens is told one that covers each own update once it is durable, and everything it was
//              sent: with it, it may go on over REST or in another region.

import type { ErrorCode } from '@anabranch/base';
import type { VersionVector } from '@anabranch/causality';
import type { DocumentId } from '@anabranch/protocol';
import type { WebSocket } from 'ws';
import { sessionTokenOf } from '../http/fields.ts';
import { SessionSocket } from './session-socket.ts';
import { type ExchangeClient, YjsExchange, type YjsExchangeParts } from './yjs-exchange.ts';
import { decodeYjsMessage, emptyAwarenessMessage, encodeSyncStep2, encodeToken } from './yjs-messages.ts';

export interface YjsSessionParts extends YjsExchangeParts {
  /** Tell the client session tokens, in a message that only a client which asks for it knows. */
  readonly wantsTokens: boolean;
  /** Called once, when the socket is gone. */
  readonly onClosed: () => void;
}

export class YjsSession implements ExchangeClient {
  readonly socket: SessionSocket;
  readonly #parts: YjsSessionParts;
  readonly #exchange: YjsExchange;
  #incompleteUpdates = 0;
  #told: VersionVector | undefined;

  /** @throws AnabranchError of {@link ReplicaDoor.openSession}. */
  constructor(webSocket: WebSocket, document: DocumentId, parts: YjsSessionParts) {
    this.#parts = parts;
    this.#exchange = new YjsExchange(document, this, parts);
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
    void this.#exchange.askForMissing();
    this.#exchange.answerWhoIsThere();
    this.#exchange.askWhoIsThere();
  }

  send(message: Uint8Array): void {
    this.socket.send(message);
  }

  answer(message: Uint8Array): void {
    this.socket.answer(message);
  }

  told(version: VersionVector): void {
    if (!this.#parts.wantsTokens || this.#told?.equals(version)) return;
    this.#told = version;
    this.socket.send(encodeToken(sessionTokenOf(version)));
  }

  fail(error: unknown): void {
    this.socket.fail(error);
  }

  ended(code: ErrorCode): void {
    this.socket.close(code, 'the region ended the session');
  }

  #receive(bytes: Uint8Array): void {
    const message = decodeYjsMessage(bytes);
    switch (message.type) {
      case 'syncStep1':
        void this.socket.working(() => this.#exchange.answerStep1(message.stateVector, encodeSyncStep2));
        return;
      case 'syncStep2':
      case 'update':
        this.#ingest(message.update).catch((error: unknown) => this.fail(error));
        return;
      case 'awareness':
        this.socket.chargeAwareness(bytes.length);
        this.#exchange.receiveAwareness(message.update);
        return;
      case 'queryAwareness':
        this.socket.working(() => this.#exchange.answerWhoIsThere());
    }
  }

  async #ingest(update: Uint8Array): Promise<void> {
    if (await this.#exchange.ingest(update)) {
      this.#incompleteUpdates = 0;
      return;
    }
    // The client edited before it was asked for what it did offline; asked again, it sends both.
    this.#incompleteUpdates += 1;
    if (this.#incompleteUpdates <= this.#parts.limits.incompleteUpdatesMax) void this.#exchange.askForMissing();
    else this.socket.close('update_incomplete', 'the client does not send what its updates build on');
  }

  #closed(): void {
    this.#exchange.close();
    this.#parts.onClosed();
  }
}
