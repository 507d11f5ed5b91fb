// Two regions with a link between them: berlin in a process of its own, new-york in the row's.

import { type OriginId, VersionVector } from '@anabranch/causality';
import type { Replica } from '@anabranch/engine';
import { documentIdOf } from '@anabranch/protocol';
import { openBenchReplica } from './bench-replica.ts';
import { Child } from './child-process.ts';
import { dialRegion } from './link-server.ts';
import type { WritePlan, Written } from './writers.ts';

const arriveMsMax = 60_000;

export class LinkedPair {
  readonly berlin: Child;
  readonly newYork: Replica;
  readonly #url: string;
  #dialler: { stop(): Promise<void> } | undefined;

  private constructor(berlin: Child, newYork: Replica, url: string) {
    this.berlin = berlin;
    this.newYork = newYork;
    this.#url = url;
  }

  /** Opens both on the stores in `folder`; not linked yet. `through` may put something between the link's ends. */
  static async open(folder: string, through: (port: number) => Promise<number> = async (port) => port): Promise<LinkedPair> {
    const berlin = await Child.start({ role: 'linked-region', core: 0 });
    const { port } = new URL(await berlin.ask<string>('open', { folder, region: 'berlin' }));
    const url = `http://127.0.0.1:${await through(Number(port))}`;
    return new LinkedPair(berlin, await openBenchReplica(folder, 'new-york', ['berlin']), url);
  }

  link(): void {
    this.#dialler = dialRegion(this.newYork, 'berlin', this.#url);
  }

  async unlink(): Promise<void> {
    await this.#dialler?.stop();
  }

  /** Has berlin write; resolves when all of it is durable there. */
  write(how: 'writeAtRate' | 'writeAtOnce', plan: WritePlan & Readonly<Record<string, unknown>>): Promise<Written> {
    return this.berlin.ask<Written>(how, plan);
  }

  /** Resolves when new-york has berlin's op `seq`, durably. */
  async untilArrived(origin: OriginId, seq: number): Promise<void> {
    const minVersion = VersionVector.of([[origin, seq]]);
    await this.newYork.read(documentIdOf('carts', 'none'), { minVersion, waitMsMax: arriveMsMax });
  }

  async stop(): Promise<void> {
    await this.unlink();
    await this.newYork.stop();
    await this.berlin.stop();
  }
}
