// One socket of Hocuspocus providers: between it and a stay for each document that a provider on it has opened.
//
//   address unknown --authentication: admitted--> open --close of either side--> unknown
//                          \--refused-----------> unknown
//
// Invariant 1: a document is opened by authentication and by nothing else; what is said about one that is not open is passed
//              over. No provider loses by that: whoever opens a document sends all it has anew.
// Invariant 2: what would be refused again ends the stay at its document, and touches no other on the socket. A provider does
//              not open a document again by itself, so whatever may succeed later ends the socket: it reconnects.
// Invariant 3: documents take turns: the next one is sent what it asked for when the client has taken most of what was sent.

import { AnabranchError, errorCodes, isAnabranchError } from '@anabranch/base';
import { collectionOf, type DocumentId, parseDocumentId } from '@anabranch/protocol';
import type { WebSocket } from 'ws';
import { HocuspocusDocument } from './hocuspocus-document.ts';
import {
  decodeHocuspocusMessage,
  HocuspocusAddress,
  isAuthentication,
  openEnvelope,
  pingMessage,
  pongMessage,
} from './hocuspocus-messages.ts';
import { SessionSocket } from './session-socket.ts';
import { schemaFor } from './upgrade.ts';
import type { YjsExchangeParts } from './yjs-exchange.ts';

export interface HocuspocusSessionParts extends YjsExchangeParts {
  /** Called once, when the socket is gone. */
  readonly onClosed: () => void;
}

export class HocuspocusSession {
  readonly socket: SessionSocket;
  readonly #parts: HocuspocusSessionParts;
  readonly #documents = new Map<string, HocuspocusDocument>();
  /** Documents that have something to send, in the order in which they came to have it. */
  readonly #due = new Set<HocuspocusDocument>();
  #isTakingTurns = false;
  /** Lets the turns go on. */
  #goOn: () => void = () => {};

  constructor(webSocket: WebSocket, parts: HocuspocusSessionParts) {
    this.#parts = parts;
    this.socket = new SessionSocket(
      webSocket,
      {
        receive: (message) => this.#receive(message),
        // A provider gives up a server after 30 s of silence.
        keepAlive: () => this.socket.send(pingMessage),
        drained: () => this.#goOn(),
        closed: () => this.#closed(),
      },
      parts,
    );
  }

  #receive(message: Uint8Array): void {
    const envelope = openEnvelope(message);
    switch (envelope.type) {
      case 'ping':
        this.socket.send(pongMessage);
        return;
      case 'pong':
        return;
      case 'addressed':
        this.#receiveAddressed(envelope.address, envelope.body);
    }
  }

  #receiveAddressed(address: string, body: Uint8Array): void {
    const document = this.#documents.get(address);
    try {
      if (document !== undefined) document.receive(body);
      else if (isAuthentication(body)) this.socket.working(() => this.#open(address, body));
    } catch (error) {
      this.#refuse(address, error);
    }
  }

  /** @throws AnabranchError when the provider is not admitted. */
  #open(address: string, body: Uint8Array): void {
    decodeHocuspocusMessage(body);
    const id = this.#admit(address);
    const { documentsPerSocketMax } = this.#parts.limits;
    if (this.#documents.size >= documentsPerSocketMax) {
      this.#turnAway(address, new AnabranchError('overloaded', `a socket has at most ${documentsPerSocketMax} documents`));
      return;
    }
    const document: HocuspocusDocument = new HocuspocusDocument(address, id, {
      ...this.#parts,
      socket: this.socket,
      onDue: () => this.#takeTurns(document),
      onLeft: () => {
        this.#documents.delete(address);
        document.close();
      },
      onFailed: (error) => this.#refuse(address, error),
    });
    this.#documents.set(address, document);
    this.#takeTurns(document);
  }

  /** Who may open which document. Regions know no users yet: whoever reaches one may read and write, with any token. */
  #admit(address: string): DocumentId {
    const [name = ''] = address.split('\0', 1);
    const document = parseDocumentId(name);
    schemaFor(this.#parts.replica.collections, collectionOf(document), 'yjs');
    return document;
  }

  #takeTurns(document: HocuspocusDocument): void {
    this.#due.add(document);
    if (this.#isTakingTurns) return;
    this.#isTakingTurns = true;
    void this.#sendInTurns().catch((error: unknown) => this.socket.fail(error));
  }

  async #sendInTurns(): Promise<void> {
    for (const document of this.#due) {
      this.#due.delete(document);
      await document.takeTurn();
      while (this.socket.isOpen && this.socket.bufferedBytes > this.#parts.limits.hocuspocusUnsentBytesHigh) {
        await new Promise<void>((resolve) => {
          this.#goOn = resolve;
        });
      }
    }
    this.#isTakingTurns = false;
  }

  #refuse(address: string, error: unknown): void {
    if (isAnabranchError(error) && !mayComeBack(error)) this.#turnAway(address, error);
    else this.socket.fail(error);
  }

  /** Ends the stay at one document, or does not let it begin. */
  #turnAway(address: string, { code, message }: AnabranchError): void {
    this.#parts.logger.info('session.document_refused', { code, detail: message });
    const document = this.#documents.get(address);
    this.#documents.delete(address);
    if (document === undefined) this.socket.send(new HocuspocusAddress(address).refused(code));
    else document.refuse(code);
  }

  #closed(): void {
    for (const document of this.#documents.values()) document.close();
    this.#documents.clear();
    this.#due.clear();
    this.#goOn();
    this.#parts.onClosed();
  }
}

/** An update whose predecessors did not come when they were asked for is not helped by a new socket. */
function mayComeBack({ code }: AnabranchError): boolean {
  return errorCodes[code].retryable && code !== 'update_incomplete';
}
