// One provider's stay at one document, on a socket that it shares with others.
//
//   admitted --provider's step 1--> asked --its answer durable--> synced --close, refusal, end of the socket--> closed
//
// The provider's step 1 is answered with what it lacks and, at once, with ours. It calls itself synced when it is sent step 2:
// that comes when all it had is durable here.
//
// Invariant 1: the provider is told that a change is synced after it is durable (UnsyncedChanges).
// Invariant 2: what fails about the document ends this stay, and nothing is sent about it afterwards.

import { AnabranchError, type ErrorCode } from '@anabranch/base';
import type { DocumentId } from '@anabranch/protocol';
import { decodeHocuspocusMessage, HocuspocusAddress } from './hocuspocus-messages.ts';
import type { SessionSocket } from './session-socket.ts';
import { UnsyncedChanges } from './unsynced-changes.ts';
import { type ExchangeClient, YjsExchange, type YjsExchangeParts } from './yjs-exchange.ts';
import { encodeSyncStep2, encodeUpdate } from './yjs-messages.ts';

export interface HocuspocusDocumentParts extends YjsExchangeParts {
  readonly socket: SessionSocket;
  /** The provider is done with the document. */
  readonly onLeft: () => void;
  readonly onFailed: (error: unknown) => void;
}

const step2WithoutNews = encodeSyncStep2(Uint8Array.of(0, 0));

export class HocuspocusDocument implements ExchangeClient {
  readonly socket: SessionSocket;
  readonly #parts: HocuspocusDocumentParts;
  readonly #address: HocuspocusAddress;
  readonly #exchange: YjsExchange;
  readonly #unsynced = new UnsyncedChanges();
  #incompleteAnswers = 0;
  #isClosed = false;

  /** @throws AnabranchError of {@link ReplicaDoor.openSession}. */
  constructor(address: string, document: DocumentId, parts: HocuspocusDocumentParts) {
    this.#parts = parts;
    this.socket = parts.socket;
    this.#address = new HocuspocusAddress(address);
    this.#exchange = new YjsExchange(document, this, parts);
    this.socket.send(this.#address.admitted());
    this.#exchange.introduce();
  }

  send(message: Uint8Array): void {
    if (!this.#isClosed) this.socket.send(this.#address.message(message));
  }

  answer(message: Uint8Array): void {
    if (!this.#isClosed) this.socket.answer(this.#address.message(message));
  }

  told(): void {}

  fail(error: unknown): void {
    if (!this.#isClosed) this.#parts.onFailed(error);
  }

  ended(code: ErrorCode): void {
    this.fail(new AnabranchError(code, 'the region ended the session'));
  }

  /** @throws AnabranchError when the message is refused. */
  receive(body: Uint8Array): void {
    const message = decodeHocuspocusMessage(body);
    switch (message.type) {
      case 'authentication':
        // Again, with a newer token.
        this.socket.send(this.#address.admitted());
        return;
      case 'syncStep1':
        this.socket.working(() => this.#receiveStep1(message.stateVector));
        return;
      case 'syncStep2':
        this.#receiveAnswer(message.update).catch((error: unknown) => this.fail(error));
        return;
      case 'update':
        this.#receiveUpdate(message.update).catch((error: unknown) => this.fail(error));
        return;
      case 'awareness':
        this.socket.chargeAwareness(body.length);
        this.#exchange.receiveAwareness(message.update);
        return;
      case 'queryAwareness':
        this.socket.working(() => this.#exchange.answerWhoIsThere());
        return;
      case 'close':
        this.#parts.onLeft();
        return;
      case 'stateless':
        return;
    }
  }

  /** Says why, and ends the stay. */
  refuse(code: ErrorCode): void {
    this.socket.send(this.#address.closed(code));
    this.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#exchange.close();
  }

  #receiveStep1(stateVector: Uint8Array): void {
    this.#exchange.answerStep1(stateVector, encodeUpdate);
    this.#unsynced.begin(stateVector);
    this.#exchange.askForMissing();
  }

  async #receiveAnswer(update: Uint8Array): Promise<void> {
    const answer = this.#unsynced.takeAnswer();
    if (await this.#exchange.ingest(update)) {
      this.#incompleteAnswers = 0;
      const { changes, isFirst } = this.#unsynced.answerKept(answer);
      if (isFirst) this.answer(step2WithoutNews);
      this.#tellSynced(changes);
      return;
    }
    this.#incompleteAnswers += 1;
    if (this.#incompleteAnswers > this.#parts.limits.incompleteUpdatesMax) {
      throw new AnabranchError('update_incomplete', 'the client does not send what its updates build on');
    }
    if (this.#unsynced.answerMissed(answer)) this.#exchange.askForMissing();
  }

  async #receiveUpdate(update: Uint8Array): Promise<void> {
    const { round } = this.#unsynced;
    const isKept = await this.#exchange.ingest(update);
    this.socket.working(() => {
      if (isKept) this.#tellSynced(this.#unsynced.kept(update, round));
      else if (this.#unsynced.missed(update, round)) this.#exchange.askForMissing();
    });
  }

  #tellSynced(changes: number): void {
    for (let left = changes; left > 0 && !this.#isClosed; left--) this.socket.send(this.#address.synced);
  }
}
