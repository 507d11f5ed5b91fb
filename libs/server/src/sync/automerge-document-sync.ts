// One automerge-repo client at one document: Automerge's sync protocol between them.
//
//   sync message --> ingest its changes --> note what the client has --.
//   delivery from others ----------------------------------------------> evaluate: the library's next message, if any
//
// Invariant 1 (G2): a message made from the document is sent after `whenDurable` of the moment it was made, and in order.
// Invariant 2: the sync state says that we hold a change only after it was ingested: inspected, applied and logged.
// Invariant 3: changes that build on others this region lacks are held, within a limit, and the missing ones asked for: the
//              protocol's bloom filters leave out a change now and then.
// Invariant 4: messages of the client are taken one after the other, over all its documents: so one client has one large
//              update examined at a time.
// Invariant 5: while much waits to be sent no message is made: the next one covers everything since.

import { assert, concatBytes, type ErrorCode, isAnabranchError } from '@anabranch/base';
import { AutomergeDocument } from '@anabranch/crdt';
import type { Delivery, DocumentSession, ReplicaDoor } from '@anabranch/engine';
import { type DocumentId, localIdOf, updateBytesMax } from '@anabranch/protocol';
import { decodeSyncMessage, encodeSyncMessage, initSyncState, type SyncState } from '@automerge/automerge';
import { sortByCompleteness } from './automerge-change-head.ts';
import { type AutomergeSyncMessage, readAutomergeSyncMessage } from './automerge-sync-message.ts';
import { type Addressed, encodeDocUnavailable, encodeSync } from './repo-messages.ts';
import type { SessionSocket } from './session-socket.ts';
import type { SyncLimits } from './sync-limits.ts';

/** What is needed of the client's socket. */
export type SyncSocket = Pick<SessionSocket, 'isOpen' | 'bufferedBytes' | 'answer' | 'working' | 'beginIngest' | 'endIngest' | 'fail'>;

export interface DocumentSyncParts {
  readonly replica: ReplicaDoor;
  readonly socket: SyncSocket;
  readonly limits: SyncLimits;
  readonly addressed: Addressed;
  /** The document's collection has a schema: its documents begin with content of ours. */
  readonly isTyped: boolean;
  /** Does the work after all that the client asked for before, of any document. */
  readonly inTurn: (work: () => Promise<void>) => Promise<void>;
  /** The bytes of changes that wait for others grew or shrank. @throws AnabranchError `overloaded`. */
  readonly onHeld: (byBytes: number) => void;
  /** Another session sent something ephemeral. */
  readonly onEphemeral: (bytes: Uint8Array) => void;
  readonly onEnded: (code: ErrorCode) => void;
}

export class AutomergeDocumentSync {
  readonly #parts: DocumentSyncParts;
  readonly #session: DocumentSession;
  readonly #crdt: AutomergeDocument;
  #state: SyncState = initSyncState();
  /** The client has told us of the document: from then on it is told of changes. */
  #isFollowed = false;
  #needsEvaluation = false;
  /** Changes refused as incomplete, and what they wait for. */
  #held: readonly Uint8Array[] = [];
  #missing: readonly string[] = [];
  /** The sending of our messages, each after the one before. */
  #sending: Promise<void> = Promise.resolve();

  /** @throws AnabranchError of {@link ReplicaDoor.openSession}. */
  constructor(document: DocumentId, parts: DocumentSyncParts) {
    this.#parts = parts;
    this.#session = parts.replica.openSession(document, {
      deliver: (delivery) => this.#deliver(delivery),
      awareness: parts.onEphemeral,
      ended: parts.onEnded,
    });
    const { document: crdt } = this.#session;
    assert(crdt instanceof AutomergeDocument, 'a session of the Automerge door has an Automerge document');
    this.#crdt = crdt;
  }

  /** Takes a sync message. @throws AnabranchError `frame_invalid`. */
  receive(data: Uint8Array, isRequest: boolean): void {
    const { socket } = this.#parts;
    const message = readAutomergeSyncMessage(data);
    socket.beginIngest(data.length);
    void this.#parts
      .inTurn(() => this.#take(message, isRequest))
      .catch((error: unknown) => socket.fail(error))
      .finally(() => socket.endIngest(data.length));
  }

  /** What waited to be sent is gone. */
  drained(): void {
    if (this.#needsEvaluation) this.#evaluate();
  }

  relayEphemeral(bytes: Uint8Array): void {
    this.#session.relayAwareness(bytes);
  }

  close(): void {
    this.#hold([], []);
    this.#session.close();
  }

  async #take(message: AutomergeSyncMessage, isRequest: boolean): Promise<void> {
    if (!this.#parts.socket.isOpen) return;
    await this.#ingest(message.changes);
    this.#parts.socket.working(() => this.#noteWhatTheClientHas(message));
    this.#isFollowed = true;
    // A client that asks for what is not here is told so; should it come later, it is sent.
    if (isRequest && this.#isAbsent()) {
      this.#send(encodeDocUnavailable(this.#parts.addressed, localIdOf(this.#session.documentId)));
    } else {
      this.#evaluate();
    }
  }

  /** Makes the next message for the client if there is something to say and room to say it; a failure ends the session. */
  #evaluate(): void {
    const { socket, limits } = this.#parts;
    if (!this.#isFollowed || !socket.isOpen) return;
    this.#needsEvaluation = socket.bufferedBytes > limits.repoUnsentBytesHigh;
    if (this.#needsEvaluation || this.#isAbsent()) return;
    try {
      const message = socket.working(() => this.#nextMessage());
      if (message !== undefined) this.#send(encodeSync(this.#parts.addressed, localIdOf(this.#session.documentId), message));
    } catch (error) {
      // Nobody above may be there to take it: this also runs when something was delivered, or sent.
      socket.fail(error);
    }
  }

  /** The document has no content of anybody. Other documents of a typed collection begin with a first change of ours. */
  #isAbsent(): boolean {
    if (this.#state.theirHeads !== undefined && this.#state.theirHeads !== null && this.#state.theirHeads.length > 0) return false;
    return this.#parts.isTyped ? !this.#crdt.exists() : this.#crdt.heads.length === 0;
  }

  async #ingest(fresh: readonly Uint8Array[]): Promise<void> {
    const changes = [...fresh, ...this.#held];
    this.#hold([], []);
    for (const [i, batch] of batchesOf(changes).entries()) {
      try {
        await this.#session.ingest(concatBytes(batch));
      } catch (error) {
        if (!isAnabranchError(error, 'update_incomplete')) throw error;
        await this.#ingestComplete(
          batch,
          batchesOf(changes)
            .slice(i + 1)
            .flat(),
        );
        return;
      }
    }
  }

  /** Ingests the part of a batch that is complete; the rest, and what came `after` it, waits. */
  async #ingestComplete(batch: readonly Uint8Array[], after: readonly Uint8Array[]): Promise<void> {
    const { complete, incomplete, missing } = this.#parts.socket.working(() =>
      sortByCompleteness(batch, (hashes) => this.#crdt.missing(hashes)),
    );
    this.#hold([...incomplete, ...after], missing);
    if (complete.length > 0) await this.#session.ingest(concatBytes(complete));
  }

  #hold(changes: readonly Uint8Array[], missing: readonly string[]): void {
    const bytesOf = (held: readonly Uint8Array[]): number => held.reduce((sum, change) => sum + change.length, 0);
    this.#parts.onHeld(bytesOf(changes) - bytesOf(this.#held));
    // Copies: the views would keep the messages they came in alive.
    this.#held = changes.map((change) => Uint8Array.from(change));
    this.#missing = missing;
  }

  /** The changes were ingested before: the library is given the rest of the message. */
  #noteWhatTheClientHas(message: AutomergeSyncMessage): void {
    const { lastSentHeads } = this.#state;
    const peer = this.#crdt.receiveSyncMessage(this.#state, message.withoutChanges);
    // A message without changes would mean that the client knows what we hold. This one had some: it must be told.
    this.#state = message.changes.length === 0 ? peer : { ...peer, lastSentHeads };
  }

  #nextMessage(): Uint8Array | undefined {
    const { peer, message } = this.#crdt.generateSyncMessage(this.#state);
    this.#state = peer;
    if (message === undefined || this.#missing.length === 0) return message;
    const decoded = decodeSyncMessage(message);
    return encodeSyncMessage({ ...decoded, need: [...new Set([...decoded.need, ...this.#missing])] });
  }

  /** Sends when everything the message may show is durable. */
  #send(message: Uint8Array): void {
    const { socket } = this.#parts;
    const whenDurable = this.#session.whenDurable();
    // It may fail before its turn comes: then it is looked at there.
    whenDurable.catch(() => {});
    this.#sending = this.#sending
      .then(() => whenDurable)
      .then(() => socket.answer(message))
      .catch((error: unknown) => socket.fail(error));
  }

  #deliver(delivery: Delivery): void {
    if (delivery.author === this.#session || this.#needsEvaluation) return;
    this.#needsEvaluation = true;
    // The other deliveries of this commit come first: one message for all of them.
    queueMicrotask(() => {
      if (this.#needsEvaluation) this.#evaluate();
    });
  }
}

/** Changes, in order, in as few updates as the limit of one update allows. */
function batchesOf(changes: readonly Uint8Array[]): Uint8Array[][] {
  const batches: Uint8Array[][] = [[]];
  let bytes = 0;
  for (const change of changes) {
    if (bytes + change.length > updateBytesMax && bytes > 0) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(change);
    bytes += change.length;
  }
  return changes.length === 0 ? [] : batches;
}
