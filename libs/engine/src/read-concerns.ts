// How recent the state must be that a read shows: between a read and what is heard of the other regions.
//
//   bounded:  heads of every region --> complete here up to now - maxLag? --> read
//   majority: probe to every peer --> answers --> what enough of them hold is here (links bring it) --> read
//
// Invariant 1: a region that is not known to be within the bound counts as beyond it.
// Invariant 2: a majority read goes on once this region and so many others are a majority, each asked after the read began,
//              and everything these hold is durable here. It shows what any write had that a majority acknowledged before:
//              two majorities have a region in common, which still holds it unless it lost its disk.
// Invariant 3: a read that cannot be told in time is refused, never answered with less.

import { AnabranchError, type Clock } from '@anabranch/base';
import { type RegionId, VersionVector } from '@anabranch/causality';
import type { ProbedFrame } from '@anabranch/protocol';
import type { OpLog } from './op-log.ts';
import type { PeerLink } from './peer-link.ts';
import { notReady } from './refusals.ts';
import type { ReadConcern } from './replica-door.ts';
import { majorityOf } from './write-concerns.ts';

export interface ReadConcernsParts {
  readonly clock: Clock;
  readonly region: RegionId;
  readonly log: OpLog;
  readonly members: () => ReadonlySet<RegionId>;
  /** Up to how long ago every write of a region is here; undefined when nobody has told. */
  readonly lagMsOf: (region: RegionId) => number | undefined;
  /** The established links. */
  readonly links: () => ReadonlyMap<RegionId, PeerLink>;
}

interface Waiter {
  readonly isMet: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: AnabranchError) => void;
}

export class ReadConcerns {
  /** Reads that wait at one time. Beyond: `overloaded`. */
  static readonly waitersMax = 10_000;

  readonly #parts: ReadConcernsParts;
  readonly #waiters = new Set<Waiter>();
  /** The answers to each probe that a read waits for. */
  readonly #probes = new Map<number, Map<RegionId, VersionVector>>();
  #lastProbe = 0;
  #closedReason: string | undefined;

  constructor(parts: ReadConcernsParts) {
    this.#parts = parts;
  }

  /** @throws AnabranchError `read_concern_unmet` after `waitMs`, `overloaded`, `not_ready`. */
  async whenMet(concern: ReadConcern, waitMs: number): Promise<void> {
    if (this.#closedReason !== undefined) throw notReady(this.#closedReason);
    if (this.#waiters.size >= ReadConcerns.waitersMax) throw new AnabranchError('overloaded', 'too many reads wait');
    if (concern.kind === 'bounded') await this.#whenBounded(concern.maxLagMs, waitMs);
    else await this.#whenMajority(waitMs);
  }

  /** A link was established: what is waited for may be there. */
  established(link: PeerLink): void {
    for (const id of this.#probes.keys()) link.send({ type: 'probe', id });
  }

  answered(link: PeerLink, { id, durable }: ProbedFrame): void {
    if (link.peerRegion === undefined) return;
    this.#probes.get(id)?.set(link.peerRegion, VersionVector.of(durable));
    this.advance();
  }

  /** More was heard of others, or is durable here. */
  advance(): void {
    for (const waiter of this.#waiters) if (waiter.isMet()) waiter.resolve();
  }

  close(reason: string): void {
    this.#closedReason ??= reason;
    for (const waiter of this.#waiters) waiter.reject(notReady(reason));
  }

  #whenBounded(maxLagMs: number, waitMs: number): Promise<void> {
    const { lagMsOf, members } = this.#parts;
    const behind = () =>
      [...members()]
        .map((region) => ({ region, lagMs: lagMsOf(region) }))
        .filter(({ lagMs }) => lagMs === undefined || lagMs > maxLagMs)
        .map(({ region, lagMs }) => ({ region, lagMs: lagMs === undefined ? null : Math.ceil(lagMs) }));
    const unmet = () => new AnabranchError('read_concern_unmet', `the region may be more than ${maxLagMs} ms behind`, { behind: behind() });
    return this.#wait(() => behind().length === 0, unmet, waitMs);
  }

  async #whenMajority(waitMs: number): Promise<void> {
    const { links, log, members } = this.#parts;
    const id = ++this.#lastProbe;
    const answers = new Map<RegionId, VersionVector>();
    const needed = () => majorityOf(members().size);
    const isMet = () => {
      const durable = log.durableVector;
      let count = 1;
      for (const answer of answers.values()) if (durable.covers(answer)) count += 1;
      return count >= needed();
    };
    const unmet = () => {
      const details = { needed: needed(), answered: [this.#parts.region, ...answers.keys()], members: [...members()] };
      return new AnabranchError('read_concern_unmet', 'too few regions answered, or what they hold has not arrived', details);
    };
    this.#probes.set(id, answers);
    for (const link of links().values()) link.send({ type: 'probe', id });
    try {
      await this.#wait(isMet, unmet, waitMs);
    } finally {
      this.#probes.delete(id);
    }
  }

  async #wait(isMet: () => boolean, unmet: () => AnabranchError, waitMs: number): Promise<void> {
    if (isMet()) return;
    if (waitMs <= 0) throw unmet();
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        timer.cancel();
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        isMet,
        resolve: () => {
          end();
          resolve();
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      const timer = this.#parts.clock.setTimer(waitMs, () => waiter.reject(unmet()));
      this.#waiters.add(waiter);
    });
  }
}
