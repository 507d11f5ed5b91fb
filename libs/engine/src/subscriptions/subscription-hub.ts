// The subscriptions of this region: who follows which document, without loading any.
//
// Invariant 1: a live subscription is offered every durable op of its documents, in the order of the log, after it is durable.
// Invariant 2: what came in through a subscription is not offered to it.

import type { VersionVector } from '@anabranch/causality';
import type { DocumentId, DocumentWrite } from '@anabranch/protocol';
import type { ChangeReader } from '../history/changes-door.ts';
import type { AppendedOp } from '../op-log.ts';
import { LiveSubscription } from './subscription.ts';

export interface SubscriptionHubParts {
  readonly durable: () => VersionVector;
  readonly readAfter: (after: VersionVector) => ChangeReader;
}

export class SubscriptionHub {
  readonly #parts: SubscriptionHubParts;
  readonly #byDocument = new Map<DocumentId, Set<LiveSubscription>>();

  constructor(parts: SubscriptionHubParts) {
    this.#parts = parts;
  }

  open(after: VersionVector, onMore: () => void): LiveSubscription {
    return new LiveSubscription(
      {
        ...this.#parts,
        index: (document, subscription) => this.#index(document, subscription),
        unindex: (document, subscription) => this.#unindex(document, subscription),
      },
      after,
      onMore,
    );
  }

  /** An op became durable. `author` is what it came in through. */
  deliver({ op, origin, seq }: AppendedOp, author: object | undefined): void {
    if (this.#byDocument.size === 0) return;
    const told = new Map<LiveSubscription, DocumentWrite[]>();
    for (const write of op.writes) {
      for (const subscription of this.#byDocument.get(write.document) ?? []) {
        if (subscription === author) continue;
        const writes = told.get(subscription);
        if (writes === undefined) told.set(subscription, [write]);
        else writes.push(write);
      }
    }
    for (const [subscription, writes] of told) subscription.offer({ opId: { origin, seq }, writes });
  }

  #index(document: DocumentId, subscription: LiveSubscription): void {
    const followers = this.#byDocument.get(document);
    if (followers === undefined) this.#byDocument.set(document, new Set([subscription]));
    else followers.add(subscription);
  }

  #unindex(document: DocumentId, subscription: LiveSubscription): void {
    const followers = this.#byDocument.get(document);
    followers?.delete(subscription);
    if (followers?.size === 0) this.#byDocument.delete(document);
  }
}
