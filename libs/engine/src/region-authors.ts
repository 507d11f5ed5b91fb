// Under whose CRDT identity nothing may be taken from clients ahead of the log.
//
// A region's own edits reach every other region as ops of its log. A client that has them already, because it moved here from
// that region, must wait until they have arrived: taken from the client, they could differ from what the region wrote under
// the same numbers, and two regions with equal vectors would show different documents for ever.
//
// Invariant 1: content under the identity of an origin that may still have ops we lack comes from that origin's log only.
// An epoch that has ended and arrived whole is exempt: nothing will ever come that could contradict.

import type { Hash } from '@anabranch/base';
import type { OriginId } from '@anabranch/causality';
import { type DocumentIdentity, identityOf, type LogAuthors, reservedClientIdMin } from '@anabranch/crdt';

export class RegionAuthors implements LogAuthors {
  readonly #hash: Hash;
  readonly #foreignOrigins: () => Iterable<OriginId>;
  readonly #mayLackOps: (origin: OriginId) => boolean;
  /** Of every foreign origin met; there are no more than vectors hold. */
  readonly #identities = new Map<OriginId, DocumentIdentity>();

  constructor(options: {
    hash: Hash;
    foreignOrigins: () => Iterable<OriginId>;
    mayLackOps: (origin: OriginId) => boolean;
  }) {
    this.#hash = options.hash;
    this.#foreignOrigins = options.foreignOrigins;
    this.#mayLackOps = options.mayLackOps;
  }

  /** Clients draw ids below the reserved ones: whoever uses another may be an epoch that nobody has told of yet. */
  hasYjsClient(clientId: number): boolean {
    return clientId >= reservedClientIdMin && !this.#isEnded(clientId);
  }

  hasAutomergeActor(actor: string): boolean {
    return this.#some((identity) => identity.automergeActor === actor);
  }

  #isEnded(clientId: number): boolean {
    for (const origin of this.#foreignOrigins()) {
      if (this.#identityOf(origin).yjsClientId === clientId) return !this.#mayLackOps(origin);
    }
    return false;
  }

  #some(matches: (identity: DocumentIdentity) => boolean): boolean {
    for (const origin of this.#foreignOrigins()) {
      if (matches(this.#identityOf(origin)) && this.#mayLackOps(origin)) return true;
    }
    return false;
  }

  #identityOf(origin: OriginId): DocumentIdentity {
    const known = this.#identities.get(origin);
    if (known !== undefined) return known;
    const identity = identityOf(origin, this.#hash);
    this.#identities.set(origin, identity);
    return identity;
  }
}
