// One provider's stay at one document, on a socket that it shares with others.
//
//   admitted --provider's step 1, its turn--> asked --its answer durable--> synced --close, refusal, end of the socket--> closed
//
// The provider's step 1 is answered with what it lacks and, at once, with ours. It calls itself synced when it is sent step 2:
// that comes when all it had is durable here. What may be large is sent when it is the document's turn on the socket.
//
// Invariant 1: the provider is told that a change is synced after it is durable (UnsyncedChanges).
// Invariant 2: what fails about the document ends this stay, and nothing is sent about it afterwards.
// Invariant 3: a step 1 that waits for its turn counts as bytes on their way in; a newer one takes its place.

import { AnabranchError, type ErrorCode } from '@anabranch/base';
import { type DocumentId, frameInvalid } from '@anabranch/protocol';
import * as Y from 'yjs';
import { decodeHocuspocusMessage, HocuspocusAddress } from './hocuspocus-messages.ts';
import type { SessionSocket } from './session-socket.ts';
import { UnsyncedChanges } from './unsynced-changes.ts';
import { type ExchangeClient, YjsExchange, type YjsExchangeParts } from './yjs-exchange.ts';
import { encodeSyncStep2, encodeUpdate } from './yjs-messages.ts';

export interface HocuspocusDocumentParts extends YjsExchangeParts {
  readonly socket: SessionSocket;
  /** There is something to send when it is this document's turn. */
  readonly onDue: () => void;
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
  #owesWhoIsThere = true;
  #unansweredStep1: Uint8Array | undefined;
  #incompleteAnswers = 0;
  #isClosed = false;

  /** It is due from the start. @throws AnabranchError of {@link ReplicaDoor.openSession}. */
  constructor(address: string, document: DocumentId, parts: HocuspocusDocumentParts) {
    this.#parts = parts;
    this.socket = parts.socket;
    this.#address = new HocuspocusAddress(address);
    this.#exchange = new YjsExchange(document, this, parts);
    this.socket.send(this.#address.admitted());
    this.#exchange.askWhoIsThere();
  }

  send(message: Uint8Array): void {
    if (!this.#isClosed) this.socket.send(this.#address.message(message));
  }

  answer(message: Uint8Array): void {
    if (!this.#isClosed) this.socket.answer(this.#address.message(message));
  }

  /** Providers know no tokens. */
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
        this.#parts.onDue();
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
        this.#owesWhoIsThere = true;
        this.#parts.onDue();
        return;
      case 'close':
        this.#parts.onLeft();
        return;
      case 'stateless':
        return;
    }
  }

  /** Sends what is due; resolves when it is on the socket. */
  async takeTurn(): Promise<void> {
    if (this.#isClosed) return;
    try {
      if (this.#owesWhoIsThere) this.socket.working(() => this.#exchange.answerWhoIsThere());
      this.#owesWhoIsThere = false;
      const stateVector = this.#takeStep1();
      if (stateVector !== undefined) await this.socket.working(() => this.#answerStep1(stateVector));
    } catch (error) {
      this.fail(error);
    }
  }

  /** Says why, and ends the stay. */
  refuse(code: ErrorCode): void {
    this.socket.send(this.#address.closed(code));
    this.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#takeStep1();
    this.#exchange.close();
  }

  #receiveStep1(stateVector: Uint8Array): void {
    try {
      Y.decodeStateVector(stateVector);
    } catch {
      throw frameInvalid('not a state vector');
    }
    this.#takeStep1();
    this.#unansweredStep1 = stateVector;
    this.socket.beginIngest(stateVector.length);
    this.#unsynced.begin(stateVector);
  }

  #takeStep1(): Uint8Array | undefined {
    const stateVector = this.#unansweredStep1;
    this.#unansweredStep1 = undefined;
    if (stateVector !== undefined) this.socket.endIngest(stateVector.length);
    return stateVector;
  }

  async #answerStep1(stateVector: Uint8Array): Promise<void> {
    const whenAnswered = this.#exchange.answerStep1(stateVector, encodeUpdate);
    this.#unsynced.asked();
    await Promise.all([whenAnswered, this.#exchange.askForMissing()]);
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
    if (this.#unsynced.answerMissed(answer)) void this.#exchange.askForMissing();
  }

  async #receiveUpdate(update: Uint8Array): Promise<void> {
    const { round } = this.#unsynced;
    const isKept = await this.#exchange.ingest(update);
    this.socket.working(() => {
      if (isKept) this.#tellSynced(this.#unsynced.kept(update, round));
      else if (this.#unsynced.missed(update, round)) void this.#exchange.askForMissing();
    });
  }

  #tellSynced(changes: number): void {
    for (let left = changes; left > 0 && !this.#isClosed; left--) this.socket.send(this.#address.synced);
  }
}
