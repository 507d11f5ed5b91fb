// Which region to speak with: the nearest that answers, or the one the application wants; and when to try one again.
//
//   probes, sessions that open, end or fail --> a region, or how long to wait for one
//
// Invariant 1: a region that failed is tried again after a time that doubles with each failure, up to `retryMsMax`, drawn at
//              random up to there, so that the clients of a region that was away do not come back all at once
//              (Brooker, "Exponential Backoff and Jitter", 2015).
// Invariant 2: a region that cannot be worked with, though it answers, is taken for `avoidMs` only when no other may be tried.
// Invariant 3: a client that may choose moves only to a region that is clearly nearer, twice in a row.
// Invariant 4: a region to be avoided is left at once the first time. When no other could be worked with, and the device came back, it
//              stays for a time that doubles with each return, up to `avoidMs`: going back and forth helps nobody.

import type { Clock, Random } from '@anabranch/base';
import type { RegionStatus } from '../client-status.ts';

export interface RegionAddress {
  readonly name: string;
  /** `http:` or `https:`. */
  readonly url: string;
}

interface KnownRegion {
  readonly address: RegionAddress;
  isReachable: boolean | undefined;
  roundTripMs: number | undefined;
  failures: number;
  /** When the session with it began, by the monotonic clock. */
  openedMs: number;
  /** By the monotonic clock. */
  retryAtMs: number;
  /** By the monotonic clock. */
  avoidedUntilMs: number;
}

export const nearest = 'nearest';

export class RegionChoice {
  static readonly retryMsMin = 250;
  static readonly retryMsMax = 15_000;
  /** How long a session must last to show that the region can be worked with. */
  static readonly steadyMs = 10_000;
  /** How long a region that lacks what was shown here is passed over, when there are others. */
  static readonly behindMs = 10_000;
  /** How long a region comes last that sent what cannot be read, or cannot take a write. */
  static readonly avoidMs = 600_000;
  /** How long a device stays with such a region when it comes back to it for the first time. */
  static readonly stayMsMin = 30_000;
  /** Milliseconds by which another region must be nearer, and at most half as far. */
  static readonly nearerMsMin = 20;

  readonly #clock: Clock;
  readonly #random: Random;
  readonly #regions: readonly KnownRegion[];
  #wanted: string = nearest;
  #nearerInARow = 0;
  /** A region to be avoided was left for another one, and none has worked since. */
  #hasLeft = false;
  #stayMs: number = RegionChoice.stayMsMin;
  /** By the monotonic clock. */
  #stayUntilMs = Number.NEGATIVE_INFINITY;

  constructor(addresses: readonly RegionAddress[], clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#regions = addresses.map((address) => ({
      ...{ address, isReachable: undefined, roundTripMs: undefined, failures: 0, openedMs: Number.POSITIVE_INFINITY },
      ...{ retryAtMs: Number.NEGATIVE_INFINITY, avoidedUntilMs: Number.NEGATIVE_INFINITY },
    }));
  }

  get wanted(): string {
    return this.#wanted;
  }

  get isFree(): boolean {
    return this.#wanted === nearest && this.#regions.length > 1;
  }

  get addresses(): readonly RegionAddress[] {
    return this.#regions.map(({ address }) => address);
  }

  want(name: string): void {
    this.#wanted = name;
    this.#stayNoMore();
    this.retryNow();
  }

  /** The network may be back. */
  retryNow(): void {
    for (const region of this.#regions) region.retryAtMs = Number.NEGATIVE_INFINITY;
  }

  probed(name: string, roundTripMs: number | undefined): void {
    const region = this.#find(name);
    if (region === undefined) return;
    region.isReachable = roundTripMs !== undefined;
    if (roundTripMs !== undefined) region.roundTripMs = Math.round(roundTripMs * 10) / 10;
  }

  opened(name: string): void {
    const region = this.#find(name);
    if (region === undefined) return;
    region.isReachable = true;
    region.openedMs = this.#clock.monotonicMs();
    if (!this.#hasLeft || !this.#isAvoided(region)) return;
    this.#hasLeft = false;
    this.#stayUntilMs = region.openedMs + this.#stayMs;
    this.#stayMs = Math.min(2 * this.#stayMs, RegionChoice.avoidMs);
  }

  /** The region takes what it is given: what failed before counts no more. */
  worked(name: string): void {
    const region = this.#find(name);
    if (region === undefined) return;
    region.failures = 0;
    if (!this.#isAvoided(region)) this.#stayNoMore();
  }

  failed(name: string): void {
    const region = this.#find(name);
    if (region === undefined) return;
    region.isReachable = false;
    if (this.#clock.monotonicMs() - region.openedMs > RegionChoice.steadyMs) region.failures = 0;
    region.openedMs = Number.POSITIVE_INFINITY;
    region.failures += 1;
    const spanMs = Math.min(RegionChoice.retryMsMax, RegionChoice.retryMsMin * 2 ** Math.min(region.failures, 16));
    region.retryAtMs = this.#clock.monotonicMs() + RegionChoice.retryMsMin + (spanMs * this.#random.u32()) / 2 ** 32;
  }

  /** The region answers, and lacks what was shown here. */
  behind(name: string): void {
    const region = this.#find(name);
    if (region !== undefined) region.retryAtMs = this.#clock.monotonicMs() + RegionChoice.behindMs;
  }

  /** The region comes last for a while. */
  avoid(name: string): void {
    const region = this.#find(name);
    if (region !== undefined) region.avoidedUntilMs = this.#clock.monotonicMs() + RegionChoice.avoidMs;
  }

  /** Whether a region is to be left for another one: it is to be avoided, and one that is not may be tried now (Invariant 4). */
  isToBeLeft(name: string): boolean {
    const here = this.#find(name);
    if (!this.isFree || here === undefined || !this.#isAvoided(here) || this.#isToStay) return false;
    const nowMs = this.#clock.monotonicMs();
    return this.#regions.some((other) => other.isReachable !== false && other.retryAtMs <= nowMs && !this.#isAvoided(other));
  }

  /** The region of the session is left, for it {@link isToBeLeft}. */
  left(): void {
    this.#hasLeft = true;
  }

  /** The region to open a session with now, or how long none may be tried. */
  next(): { readonly region: RegionAddress } | { readonly waitMs: number } {
    const nowMs = this.#clock.monotonicMs();
    const candidates = this.#regions.filter(({ address }) => this.#wanted === nearest || address.name === this.#wanted);
    const ready = candidates.filter(({ retryAtMs }) => retryAtMs <= nowMs).sort((a, b) => distanceOf(a) - distanceOf(b));
    const first = ready.find((region) => !this.#isAvoided(region)) ?? ready[0];
    if (first !== undefined) return { region: first.address };
    return { waitMs: Math.max(1, Math.min(...candidates.map(({ retryAtMs }) => retryAtMs)) - nowMs) };
  }

  /** After a round of probes: a region to leave `current` for. */
  nearerThan(current: string): RegionAddress | undefined {
    const here = this.#find(current);
    if (!this.isFree || here?.roundTripMs === undefined || (this.#isAvoided(here) && this.#isToStay)) return undefined;
    const able = this.#regions.filter((region) => region.isReachable === true && !this.#isAvoided(region));
    const [best] = able.sort((a, b) => distanceOf(a) - distanceOf(b));
    const isNearer =
      best !== undefined &&
      best !== here &&
      distanceOf(best) * 2 < here.roundTripMs &&
      here.roundTripMs - distanceOf(best) > RegionChoice.nearerMsMin;
    this.#nearerInARow = isNearer ? this.#nearerInARow + 1 : 0;
    if (this.#nearerInARow < 2) return undefined;
    this.#nearerInARow = 0;
    return best?.address;
  }

  view(): RegionStatus[] {
    return this.#regions.map(({ address, isReachable, roundTripMs }) => ({ ...address, isReachable, roundTripMs }));
  }

  get #isToStay(): boolean {
    return this.#stayUntilMs > this.#clock.monotonicMs();
  }

  #stayNoMore(): void {
    this.#hasLeft = false;
    this.#stayMs = RegionChoice.stayMsMin;
    this.#stayUntilMs = Number.NEGATIVE_INFINITY;
  }

  #isAvoided({ avoidedUntilMs }: KnownRegion): boolean {
    return avoidedUntilMs > this.#clock.monotonicMs();
  }

  #find(name: string): KnownRegion | undefined {
    return this.#regions.find(({ address }) => address.name === name);
  }
}

/** Regions known to be away come last. */
function distanceOf({ isReachable, roundTripMs }: KnownRegion): number {
  if (isReachable === false) return Number.MAX_SAFE_INTEGER;
  return roundTripMs ?? 1_000_000;
}
