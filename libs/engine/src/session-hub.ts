// The client sessions of this region: who follows which document. Deliveries are durable ops in the order of the log;
// awareness is ephemeral and crosses regions over the links.
//
// Invariant 1: a session is told of an op after it is durable and merged into its document, and of every op in order.
// Invariant 2: a session's document stays loaded until the session closes.
// Invariant 3: what this region could not merge reaches no session: updates of another merge library are passed over, and
//              the sessions of a document that is set aside are ended.

import type { ErrorCode } from '@anabranch/base';
import type { OriginId, VersionVector } from '@anabranch/causality';
import type { CrdtDocument } from '@anabranch/crdt';
import type { AwarenessFrame, DocumentId } from '@anabranch/protocol';
import type { DocumentCache, LoadedDocument } from './document-cache.ts';
import type { AppliedUpdate } from './local-writes.ts';
import type { AppendedOp } from './op-log.ts';
import { notReady } from './refusals.ts';
import type { DocumentSession, DocumentSessionListener, Subscription } from './replica-door.ts';
import type { LoggedOp } from './replica-store.ts';
import type { SessionIntake } from './session-intake.ts';
import type { Following } from './subscriptions/following.ts';
import { SubscriptionHub, type SubscriptionHubParts } from './subscriptions/subscription-hub.ts';

export interface SessionHubParts extends SubscriptionHubParts {
  readonly documents: DocumentCache;
  readonly origin: () => OriginId;
  /** Inspects, applies and logs what sessions bring; resolves when durable. */
  readonly intake: () => SessionIntake;
  /** Appends what was applied to documents as one op. */
  readonly append: (applied: readonly AppliedUpdate[]) => LoggedOp;
  readonly whenDurable: (position: number) => Promise<void>;
  readonly relay: (frame: AwarenessFrame) => void;
  /** Milliseconds of wall time, from which the awareness counter starts: it rises from one process to the next. */
  readonly counterStart: number;
}

interface OpenSession {
  readonly session: DocumentSession;
  readonly listener: DocumentSessionListener;
  readonly loaded: LoadedDocument;
}

export class SessionHub {
  /** Awareness messages per millisecond up to which the counter of the next process starts above that of this one. */
  static readonly awarenessPerMsMax = 1_024;

  readonly #parts: SessionHubParts;
  readonly #sessions = new Map<DocumentId, Set<OpenSession>>();
  readonly #subscriptions: SubscriptionHub;
  /** What an op on its way to durability came in through: a session or a subscription. */
  readonly #authors = new Map<number, object>();
  /** Ended when the replica goes on under another epoch, or stops. */
  readonly #endings = new Set<(code: ErrorCode) => void>();
  #awarenessCounter: number;
  #count = 0;

  constructor(parts: SessionHubParts) {
    this.#parts = parts;
    this.#subscriptions = new SubscriptionHub(parts);
    this.#awarenessCounter = parts.counterStart * SessionHub.awarenessPerMsMax;
  }

  get size(): number {
    return this.#count;
  }

  open(id: DocumentId, listener: DocumentSessionListener): DocumentSession {
    const loaded = this.#parts.documents.open(id);
    const session: DocumentSession = {
      documentId: id,
      get document(): CrdtDocument {
        return loaded.crdt;
      },
      ingest: (update) => this.#parts.intake().ingest(loaded, update, (applied) => this.#append([{ loaded, update: applied }], session)),
      whenDurable: () => this.#parts.whenDurable(loaded.localPosition),
      relayAwareness: (bytes) => this.#relayAwareness(opened, bytes),
      close: () => this.#close(opened),
    };
    const opened: OpenSession = { session, listener, loaded };
    loaded.pins += 1;
    this.#count += 1;
    const others = this.#sessions.get(id) ?? new Set();
    others.add(opened);
    this.#sessions.set(id, others);
    return session;
  }

  /** Follows many documents at once. @throws AnabranchError `not_ready` when the replica takes no sessions. */
  subscribe(after: VersionVector, listener: { readonly onMore: () => void; readonly ended: (code: ErrorCode) => void }): Subscription {
    const subscription = this.#subscriptions.open(after, listener.onMore);
    const { documents, whenDurable } = this.#parts;
    this.#endings.add(listener.ended);
    this.#count += 1;
    let isClosed = false;
    const detach = (): Following | undefined => {
      if (isClosed) return undefined;
      isClosed = true;
      this.#endings.delete(listener.ended);
      this.#count -= 1;
      return subscription.detach();
    };
    return {
      updates: subscription,
      ingest: (writes, onApplied) => {
        if (isClosed) return Promise.reject(notReady('the session has ended'));
        return this.#parts.intake().ingestAll(writes, (applied) => {
          const logged = this.#append(applied, subscription);
          onApplied();
          return logged;
        });
      },
      stateOf: (document) => {
        const loaded = documents.open(document);
        return { state: loaded.crdt.encodeState(), whenDurable: whenDurable(loaded.localPosition) };
      },
      detach,
      close: () => detach()?.release(),
    };
  }

  /** Tells the sessions of ops that became durable. */
  deliver(ops: readonly AppendedOp[], version: VersionVector): void {
    if (this.#count === 0 && this.#authors.size === 0) return;
    for (const appended of ops) {
      const { op, origin, seq, position } = appended;
      const author = this.#authors.get(position);
      this.#authors.delete(position);
      this.#subscriptions.deliver(appended, author);
      const opId = { origin, seq };
      for (const { document, library, update } of op.writes) {
        for (const { loaded, listener } of [...(this.#sessions.get(document) ?? [])]) {
          if (loaded.damage !== undefined) this.end(document, loaded.damage.code);
          else if (library === loaded.crdt.library) listener.deliver({ document, update, opId, author, version });
        }
      }
    }
  }

  receiveAwareness(frame: AwarenessFrame): void {
    for (const { listener } of this.#sessions.get(frame.document) ?? []) listener.awareness(frame.bytes);
  }

  /** Ends every session, for example because the replica stops. */
  endAll(code: ErrorCode): void {
    for (const document of [...this.#sessions.keys()]) this.end(document, code);
    for (const ended of [...this.#endings]) ended(code);
  }

  /** Ends the sessions of one document. */
  end(document: DocumentId, code: ErrorCode): void {
    for (const opened of [...(this.#sessions.get(document) ?? [])]) {
      this.#close(opened);
      opened.listener.ended(code);
    }
  }

  /** Remembers what the op came in through, so that it is not told of it. */
  #append(applied: readonly AppliedUpdate[], author: object): LoggedOp {
    const logged = this.#parts.append(applied);
    this.#authors.set(logged.position, author);
    return logged;
  }

  #relayAwareness(from: OpenSession, bytes: Uint8Array): void {
    const document = from.session.documentId;
    for (const opened of this.#sessions.get(document) ?? []) if (opened !== from) opened.listener.awareness(bytes);
    this.#awarenessCounter += 1;
    const origin = this.#parts.origin();
    this.#parts.relay({ type: 'awareness', origin, counter: this.#awarenessCounter, document, bytes });
  }

  #close(opened: OpenSession): void {
    const sessions = this.#sessions.get(opened.session.documentId);
    if (!sessions?.delete(opened)) return;
    if (sessions.size === 0) this.#sessions.delete(opened.session.documentId);
    opened.loaded.pins -= 1;
    this.#count -= 1;
  }
}
