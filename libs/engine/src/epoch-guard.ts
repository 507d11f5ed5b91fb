// Whether this replica may write under the epoch its store names. A store that was rolled back (an old backup, a virtual
// machine's snapshot) looks like a healthy one from inside; only the peers know that it once wrote more. Writing on under
// the same epoch would give two different ops one (origin, seq).
//
//   new store, its epoch just minted; or no links are taken ---------------------> writable
//   checking --none is configured, and none that dialled knows more, for checkMs-> writable
//   checking --every configured peer has reported no more than we hold----------> writable
//   checking --a peer reports more than we hold, of this or any epoch of ours----> renewing --> writable (new epoch)
//   checking --not all have reported within checkMs-----------------------------> renewing --> writable (new epoch)
//   writable --a peer reports more than we hold---------------------------------> renewing --> writable (new epoch)
//   any --a peer holds another log under a name of this region------------------> fenced, until the process ends
//
// An epoch under which nothing is written leaves no trace: it appears in no vector, and the next start may replace it.
//
// Invariant 1: a local op is appended only in `writable`.
// Invariant 2: a new epoch is durable before the first op under it.

import type { Clock, Timer } from '@anabranch/base';
import { type OriginId, type RegionId, regionOf } from '@anabranch/causality';
import type { OriginReport } from '@anabranch/protocol';

export type EpochState = 'checking' | 'renewing' | 'writable' | 'fenced';

export interface EpochGuardParts {
  readonly clock: Clock;
  /**
   * Nobody can know more of the epoch: it was minted by this process, or there is no mesh. An empty log alone says nothing of
   * the kind.
   */
  readonly isOursAlone: boolean;
  /** The peers that must be asked. */
  readonly peers: readonly RegionId[];
  readonly origin: () => OriginId;
  /** The last op held of an origin. */
  readonly heldSeq: (origin: OriginId) => number;
  /** Makes a new epoch durable; afterwards `origin()` names it. */
  readonly renew: (cause: RenewalCause, reason: string) => Promise<void>;
}

/** A store that lost ops is a reason to look; one that nobody could confirm is a precaution. */
export type RenewalCause = 'rolled_back' | 'unconfirmed';

export class EpochGuard {
  /** How long a replica with a log of its own waits for all peers to confirm it before it takes a new epoch to write. */
  static readonly checkMs = 2_500;

  readonly #parts: EpochGuardParts;
  readonly #confirmed = new Set<RegionId>();
  readonly #waiters: Array<() => void> = [];
  readonly #timer: Timer | undefined;
  #state: EpochState = 'checking';

  constructor(parts: EpochGuardParts) {
    this.#parts = parts;
    if (parts.isOursAlone) {
      this.#state = 'writable';
      return;
    }
    this.#timer = parts.clock.setTimer(EpochGuard.checkMs, () => this.#overdue());
  }

  get state(): EpochState {
    return this.#state;
  }

  /** Resolves when local ops may be appended. */
  whenWritable(): Promise<void> {
    if (this.#state === 'writable') return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** A peer told what it holds, of our own origin too unless it holds nothing of it. */
  hear(region: RegionId, reports: readonly OriginReport[]): void {
    const own = this.#parts.origin();
    // A store that went back to the end of an earlier epoch holds all of that one, and lacks the next: whoever inherited from
    // it, inherited then. An epoch just taken lacks what it has yet to fetch, so it is looked at before the first op only.
    const isOurs = (origin: OriginId): boolean => origin === own || (this.#state === 'checking' && regionOf(origin) === regionOf(own));
    const ahead = reports.find(({ origin, seq }) => isOurs(origin) && seq > this.#parts.heldSeq(origin));
    if (ahead === undefined) this.#confirm(region);
    else this.#renew('rolled_back', `${region} holds ${ahead.seq} ops of ${ahead.origin}, this store ${this.#parts.heldSeq(ahead.origin)}`);
  }

  /** Nothing is written any more in this process. */
  fence(): void {
    this.#timer?.cancel();
    this.#state = 'fenced';
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #confirm(region: RegionId): void {
    this.#confirmed.add(region);
    // Without configured peers nobody can be waited for: one that knows more may still dial.
    if (this.#state !== 'checking' || this.#parts.peers.length === 0) return;
    if (this.#parts.peers.every((peer) => this.#confirmed.has(peer))) this.#open();
  }

  #overdue(): void {
    if (this.#state !== 'checking') return;
    if (this.#parts.peers.length === 0) this.#open();
    else this.#renew('unconfirmed', this.#overdueReason());
  }

  #overdueReason(): string {
    const silent = this.#parts.peers.filter((peer) => !this.#confirmed.has(peer));
    return `${silent.join(', ')} could not confirm the newest op of ${this.#parts.origin()}`;
  }

  #renew(cause: RenewalCause, reason: string): void {
    if (this.#state === 'renewing' || this.#state === 'fenced') return;
    this.#state = 'renewing';
    // When it cannot be made durable the replica stops; nobody is let through then.
    this.#parts.renew(cause, reason).then(
      () => this.#open(),
      () => {},
    );
  }

  #open(): void {
    if (this.#state === 'fenced') return;
    this.#state = 'writable';
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
