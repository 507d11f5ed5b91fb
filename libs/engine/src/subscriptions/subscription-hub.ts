// The subscriptions of this region: who follows which document, without loading any.
//
// Invariant 1: a live subscription is offered every durable op of its documents, in the order of the log, after it is durable.
// Invariant 2: what came in through a subscription is not offered to it.
// Invariant 3: what a client that went away follows stays indexed until it is released: to take it up again costs the same whatever
//              its number.

import type { VersionVector } from '@anabranch/causality';
import type { DocumentId, DocumentWrite } from '@anabranch/protocol';
import type { ChangeReader } from '../history/changes-door.ts';
import type { AppendedOp } from '../op-log.ts';
import { type Follower, Following, type FollowingIndex } from './following.ts';
import { LiveSubscription } from './subscription.ts';

export interface SubscriptionHubParts {
  readonly durable: () => VersionVector;
  readonly readAfter: (after: VersionVector) => ChangeReader;
}

/** What of an op tells who is to hear of it. */
export type DeliveredOp = Pick<AppendedOp, 'origin' | 'seq'> & { readonly op: Pick<AppendedOp['op'], 'writes'> };

/** One document is followed by one client more often than by several: a set of its own would be most of what it costs. */
type Followers = Following | Set<Following>;

export class SubscriptionHub {
  readonly #parts: SubscriptionHubParts;
  readonly #byDocument = new Map<DocumentId, Followers>();
  readonly #index: FollowingIndex = {
    add: (document, following) => this.#add(document, following),
    remove: (document, following) => this.#remove(document, following),
  };

  constructor(parts: SubscriptionHubParts) {
    this.#parts = parts;
  }

  open(after: VersionVector, onMore: () => void): LiveSubscription {
    return new LiveSubscription({ ...this.#parts, following: new Following(this.#index) }, after, onMore);
  }

  /** An op became durable. `author` is what it came in through. */
  deliver({ op, origin, seq }: DeliveredOp, author: object | undefined): void {
    if (this.#byDocument.size === 0) return;
    const told = new Map<Follower, DocumentWrite[]>();
    for (const write of op.writes) {
      for (const { follower } of this.#followersOf(write.document)) {
        if (follower === undefined || follower === author) continue;
        const writes = told.get(follower);
        if (writes === undefined) told.set(follower, [write]);
        else writes.push(write);
      }
    }
    for (const [follower, writes] of told) follower.offer({ opId: { origin, seq }, writes });
  }

  #followersOf(document: DocumentId): Iterable<Following> {
    const followers = this.#byDocument.get(document);
    return followers instanceof Following ? [followers] : (followers ?? []);
  }

  #add(document: DocumentId, following: Following): void {
    const followers = this.#byDocument.get(document);
    if (followers === undefined) this.#byDocument.set(document, following);
    else if (followers instanceof Following) this.#byDocument.set(document, new Set([followers, following]));
    else followers.add(following);
  }

  #remove(document: DocumentId, following: Following): void {
    const followers = this.#byDocument.get(document);
    if (followers === following) this.#byDocument.delete(document);
    else if (followers instanceof Set && followers.delete(following) && followers.size === 0) this.#byDocument.delete(document);
  }
}
