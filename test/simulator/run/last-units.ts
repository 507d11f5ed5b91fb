// What bounded counters hold at the end can be taken out anywhere: with everything healed any region gets all rights there are.

import { parseDocumentId } from '@anabranch/protocol';
import type { Violation } from '../checkers/violation.ts';
import { depots } from '../world/collections.ts';
import type { RegionHost } from '../world/region-host.ts';
import type { SimulatedWorld } from '../world/simulated-world.ts';
import type { Workload } from './workload.ts';

interface Bounds {
  /** Lets time pass until it is true. */
  readonly within: (ms: number, what: string, isTrue: () => boolean) => Promise<boolean>;
  readonly boundMs: number;
}

export class LastUnits {
  readonly #world: SimulatedWorld;
  readonly #workload: Workload;
  readonly #bounds: Bounds;

  constructor(world: SimulatedWorld, workload: Workload, bounds: Bounds) {
    this.#world = world;
    this.#workload = workload;
    this.#bounds = bounds;
  }

  async takeAll(): Promise<Violation[]> {
    const random = this.#world.random('leftovers');
    const violations: Violation[] = [];
    for (const document of depots) {
      const host = random.pick(this.#world.hosts);
      const view = await this.#settled(host.running?.replica.read(parseDocumentId(document)));
      const left = Number(view?.json['stock'] ?? 0);
      if (left === 0 || (await this.#isTakenInTime(host, { document, left }))) continue;
      const rights = await this.#settled(host.running?.replica.rights(parseDocumentId(document)));
      const details = { document, region: host.region, left, rights };
      violations.push({ checker: 'justified-refusals', message: 'units that are left could not be taken', details });
    }
    return violations;
  }

  /** A client that is refused tries again: links come back one after the other, and frozen rights with them. */
  async #isTakenInTime(host: RegionHost, { document, left }: { document: string; left: number }): Promise<boolean> {
    const { clock } = this.#world;
    const endMs = clock.monotonicMs() + this.#bounds.boundMs;
    while (clock.monotonicMs() < endMs) {
      let isTaken: boolean | undefined;
      void this.#workload.editOnce(host, document, [{ op: 'decrement', path: '/stock', by: left }]).then((isOk) => {
        isTaken = isOk;
      });
      if (!(await this.#bounds.within(this.#bounds.boundMs, 'the last units are taken or refused', () => isTaken !== undefined)))
        return false;
      if (isTaken) return true;
      await clock.advance(500);
      if (clock.monotonicMs() >= endMs - this.#bounds.boundMs / 2) await this.#unfreeze(document);
    }
    return false;
  }

  /**
   * A region that was wiped, in a mesh where it cannot hear everybody itself, keeps frozen what it may have spent: its operator
   * decides.
   */
  async #unfreeze(document: string): Promise<void> {
    const { hosts, plan, sometimes } = this.#world;
    if (plan.topology === 'mesh') return;
    for (const { region, running } of hosts) {
      const rights = await this.#settled(running?.replica.rights(parseDocumentId(document)));
      const isFrozen = rights?.counters.some(({ holders }) => holders.some((holder) => holder.region === region && holder.isFrozen));
      if (!isFrozen) continue;
      sometimes.hit('rights_reclaimed');
      await this.#settled(running?.replica.reclaimRights({ document: parseDocumentId(document), path: '/stock', from: region }));
    }
  }

  /** What a region answers, with the time that its disk takes; undefined when it refuses, or does not answer in time. */
  async #settled<T>(answer: Promise<T> | undefined): Promise<T | undefined> {
    let given: { readonly value: T | undefined } | undefined;
    answer?.then(
      (value) => {
        given = { value };
      },
      () => {
        given = { value: undefined };
      },
    );
    if (answer !== undefined) await this.#bounds.within(this.#bounds.boundMs, 'a region answers', () => given !== undefined);
    return given?.value;
  }
}
