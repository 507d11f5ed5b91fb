// One automerge-repo client: between its socket, on which it speaks of many documents, and a document session for each.
//
//   joining --join--> joined(client's id) --any end--> closed
//
// Invariant 1: before it has joined, a client can say nothing else; after, it speaks in its own name (ephemeral messages
//              that it relays for others keep theirs).
// Invariant 2: a document is followed from the client's first sync message about it to the end of the socket.

import { AnabranchError, type ErrorCode } from '@anabranch/base';
import type { ReplicaDoor } from '@anabranch/engine';
import { type DocumentId, frameInvalid, localIdOf } from '@anabranch/protocol';
import type { WebSocket } from 'ws';
import { AutomergeDocumentSync } from './automerge-document-sync.ts';
import {
  type Addressed,
  decodeRepoMessage,
  type EphemeralMessage,
  encodeEphemeral,
  encodeError,
  encodePeer,
  type RepoMessage,
} from './repo-messages.ts';
import { SessionSocket, type SessionSocketParts } from './session-socket.ts';

export interface AutomergeSessionParts extends SessionSocketParts {
  readonly replica: ReplicaDoor;
  readonly collection: string;
  readonly isTyped: boolean;
  /** Called once, when the socket is gone. */
  readonly onClosed: () => void;
}

export class AutomergeSession {
  readonly socket: SessionSocket;
  readonly #parts: AutomergeSessionParts;
  readonly #documents = new Map<DocumentId, AutomergeDocumentSync>();
  readonly #openedMs: number;
  #heldBytes = 0;
  /** Ends when all that the client asked for so far is done. */
  #turn: Promise<void> = Promise.resolve();
  /** Who talks to whom, from our side; undefined until the client has joined. */
  #addressed: Addressed | undefined;

  constructor(webSocket: WebSocket, parts: AutomergeSessionParts) {
    this.#parts = parts;
    this.#openedMs = parts.clock.monotonicMs();
    this.socket = new SessionSocket(
      webSocket,
      {
        receive: (message) => this.#receive(decodeRepoMessage(message, parts.collection)),
        keepAlive: () => {},
        drained: () => this.#drained(),
        closed: () => this.#closed(),
      },
      parts,
    );
  }

  sweep(nowMs: number): void {
    const isLate = this.#addressed === undefined && nowMs - this.#openedMs > this.#parts.limits.joinMsMax;
    if (isLate) this.socket.close('handshake_timeout', 'the client did not join');
    else this.socket.sweep(nowMs);
  }

  #receive(message: RepoMessage): void {
    if (message.type === 'passed-over') return;
    if (message.type === 'join') {
      this.#join(message.senderId, message.supportsVersion1);
      return;
    }
    if (this.#addressed === undefined) throw frameInvalid('the client has not joined');
    if (message.type === 'ephemeral') {
      this.#receiveEphemeral(message);
      return;
    }
    if (message.senderId !== this.#addressed.targetId) throw frameInvalid('the client speaks in the name of another');
    this.#documentSync(message.document, this.#addressed).receive(message.data, message.type === 'request');
  }

  #join(clientId: string, supportsVersion1: boolean): void {
    const addressed = { senderId: `anabranch-${this.#parts.replica.region}`, targetId: clientId };
    if (this.#addressed !== undefined && this.#addressed.targetId !== clientId) throw frameInvalid('the client joins twice');
    if (!supportsVersion1) {
      this.socket.send(encodeError(addressed, 'unsupported protocol version'));
      throw new AnabranchError('protocol_version_unsupported', 'the client does not speak version 1');
    }
    this.#addressed = addressed;
    this.socket.send(encodePeer(addressed, this.#parts.replica.status().origin));
  }

  /** Opens the document at the first message about it. @throws AnabranchError `overloaded`, and of openSession. */
  #documentSync(document: DocumentId, addressed: Addressed): AutomergeDocumentSync {
    const known = this.#documents.get(document);
    if (known !== undefined) return known;
    const { documentsPerSocketMax } = this.#parts.limits;
    if (this.#documents.size >= documentsPerSocketMax) {
      throw new AnabranchError('overloaded', `a socket follows at most ${documentsPerSocketMax} documents`);
    }
    const sync = new AutomergeDocumentSync(document, {
      ...this.#parts,
      socket: this.socket,
      addressed,
      inTurn: (work) => this.#inTurn(work),
      onHeld: (byBytes) => this.#countHeld(byBytes),
      onEphemeral: (bytes) => this.#sendEphemeral(bytes, addressed),
      onEnded: (code) => this.#ended(code),
    });
    this.#documents.set(document, sync);
    return sync;
  }

  /** Goes to everybody else at the document; about documents that the client does not follow there is nobody to tell. */
  #receiveEphemeral(message: EphemeralMessage): void {
    this.socket.chargeAwareness(message.data.length);
    this.#documents.get(message.document)?.relayEphemeral(encodeEphemeral(message, localIdOf(message.document)));
  }

  #sendEphemeral(bytes: Uint8Array, { targetId }: Addressed): void {
    // Ephemeral is what may be missed: it never waits behind other messages.
    if (this.socket.bufferedBytes > this.#parts.limits.repoUnsentBytesHigh) return;
    try {
      const message = decodeRepoMessage(bytes, this.#parts.collection);
      if (message.type === 'ephemeral') this.socket.send(encodeEphemeral(message, localIdOf(message.document), targetId));
    } catch (error) {
      this.#parts.logger.error('awareness.refused', { reason: error instanceof Error ? error.message : String(error) });
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    // Who asked is told of the failure; the next turn comes all the same.
    this.#turn = turn.catch(() => {});
    return turn;
  }

  #countHeld(byBytes: number): void {
    // What is refused is not held, and what is let go of is never refused: that also happens when the socket has closed.
    if (byBytes > 0 && this.#heldBytes + byBytes > this.#parts.limits.heldChangeBytesMax) {
      throw new AnabranchError('overloaded', 'the client sends more changes without their predecessors than are held');
    }
    this.#heldBytes += byBytes;
  }

  #drained(): void {
    for (const sync of this.#documents.values()) sync.drained();
  }

  #ended(code: ErrorCode): void {
    this.socket.close(code, 'the region ended the session');
  }

  #closed(): void {
    for (const sync of this.#documents.values()) sync.close();
    this.#documents.clear();
    this.#parts.onClosed();
  }
}
