// In how many regions a write must be durable before it is answered: between the doors and what is known of the regions'
// holdings. The write itself is durable here and on its way, whatever becomes of the wait.
//
//   check --> (the write becomes durable here) --> whenMet --acknowledgements, news--> met
//                                                      \--time is up--> pending: who has it, who has not
//
// Invariant 1: a region counts once, for what it is known to hold now (holdings.ts): what was acknowledged by a process that
//              has lost it since counts no more.
// Invariant 2: a wait ends as met, or as pending when its time is up or the replica cannot wait any longer: never as met without
//              knowing, and never as a refusal, because the write is durable here.
// Invariant 3: a region shows an op in the same step in which it becomes durable there, so what is durable in a region is
//              applied in it, and both levels of a concern are met by the same acknowledgement.

import { AnabranchError, type Clock } from '@anabranch/base';
import { type OriginId, type RegionId, VersionVector } from '@anabranch/causality';
import type { OpLog } from './op-log.ts';
import type { OpId, Replicated, WriteConcern, WriteConcernDoor, WriteReport, WriteTarget } from './replica-door.ts';

export interface WriteConcernsParts {
  readonly clock: Clock;
  readonly region: RegionId;
  readonly log: OpLog;
  /** Every region of the mesh that is known, this one first. */
  readonly members: () => ReadonlySet<RegionId>;
  readonly holdingOf: (region: RegionId) => VersionVector;
}

interface Waiter {
  readonly opId: OpId;
  readonly target: WriteTarget;
  readonly resolve: (report: WriteReport) => void;
}

/** Of so many regions. Two majorities have a region in common. */
export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

export class WriteConcerns implements WriteConcernDoor {
  /** Waits at one time. Beyond: answered at once, as pending when it is. */
  static readonly waitersMax = 10_000;

  readonly #parts: WriteConcernsParts;
  readonly #waiters = new Set<Waiter>();
  #replicated: Replicated = { majority: VersionVector.empty, all: VersionVector.empty };
  /** More may be known than `replicated` says. */
  #hasNews = true;
  #isClosed = false;

  constructor(parts: WriteConcernsParts) {
    this.#parts = parts;
  }

  check(target: WriteTarget): void {
    const members = this.#parts.members();
    if (typeof target === 'number' && (target > members.size || target < 1 || !Number.isInteger(target))) {
      throw invalid(`${target} regions are asked for, the mesh has ${members.size}`, { members: [...members] });
    }
    if (typeof target !== 'object') return;
    const unknown = target.filter((region) => !members.has(region));
    if (target.length === 0 || unknown.length > 0) {
      throw invalid('it names a region that the mesh does not have', { unknown, members: [...members] });
    }
  }

  async whenMet(opId: OpId, { target, timeoutMs }: WriteConcern): Promise<WriteReport> {
    const now = this.report(opId, target);
    if (now.isMet) return now;
    if (this.#isClosed || timeoutMs <= 0 || this.#waiters.size >= WriteConcerns.waitersMax) return now;
    return new Promise<WriteReport>((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        ...{ opId, target },
        resolve: (report) => {
          end();
          resolve(report);
        },
      };
      const timer = this.#parts.clock.setTimer(timeoutMs, () => waiter.resolve(this.report(opId, target)));
      this.#waiters.add(waiter);
    });
  }

  report(opId: OpId, target: WriteTarget = 'all'): WriteReport {
    const { origin, seq } = opId;
    if (seq < 1 || this.#parts.log.durableVector.get(origin) < seq) {
      throw new AnabranchError('write_not_found', 'the region holds no such write', { opId: `${origin}:${seq}` });
    }
    const members = [...this.#parts.members()];
    const durable = members.filter((region) => this.#holds(region, opId));
    const pending = members.filter((region) => !durable.includes(region));
    return { opId, durable, pending, isMet: this.#isMet(opId, target, members) };
  }

  replicated(): Replicated {
    if (!this.#hasNews) return this.#replicated;
    this.#hasNews = false;
    const holdings = [...this.#parts.members()].map((region) => this.#parts.holdingOf(region));
    const heldBy = (origin: OriginId, count: number): number =>
      holdings.map((holding) => holding.get(origin)).sort((a, b) => b - a)[count - 1] ?? 0;
    const origins = [...this.#parts.log.durableVector.origins()];
    const vectorOf = (count: number) => VersionVector.of(origins.map((origin) => [origin, heldBy(origin, count)] as const));
    const [majority, all] = [vectorOf(majorityOf(holdings.length)), vectorOf(holdings.length)];
    const isSame = majority.equals(this.#replicated.majority) && all.equals(this.#replicated.all);
    if (!isSame) this.#replicated = { majority, all };
    return this.#replicated;
  }

  /** More may be durable elsewhere. */
  advance(): void {
    this.#hasNews = true;
    if (this.#waiters.size === 0) return;
    const members = [...this.#parts.members()];
    for (const { opId, target, resolve } of this.#waiters) {
      if (this.#isMet(opId, target, members)) resolve(this.report(opId, target));
    }
  }

  /** The replica stops or has failed: who waits is told what is known, and nobody waits any more. */
  close(): void {
    this.#isClosed = true;
    for (const { opId, target, resolve } of this.#waiters) resolve(this.report(opId, target));
  }

  #isMet(opId: OpId, target: WriteTarget, members: readonly RegionId[]): boolean {
    if (typeof target === 'object') return target.every((region) => this.#holds(region, opId));
    if (target === 'local') return this.#holds(this.#parts.region, opId);
    const needed = { majority: majorityOf(members.length), all: members.length };
    const count = members.reduce((sum, region) => sum + Number(this.#holds(region, opId)), 0);
    return count >= (typeof target === 'number' ? target : needed[target]);
  }

  #holds(region: RegionId, { origin, seq }: OpId): boolean {
    return this.#parts.holdingOf(region).get(origin) >= seq;
  }
}

function invalid(why: string, details: Readonly<Record<string, unknown>>): AnabranchError {
  return new AnabranchError('write_concern_invalid', `the write concern cannot be met: ${why}`, details);
}
