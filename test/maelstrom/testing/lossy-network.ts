// A network between link hubs that loses, delays, reorders and repeats packets, on a clock that a test advances. Packets
// cross it as message bodies, so their codec is in the way too.

import type { Clock } from '@anabranch/base';
import type { SeededRandom } from '../../simulator/seeded-random.ts';
import { decodePacket, encodePacket, type Packet } from '../link/packet.ts';

export interface LossyNetworkOptions {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly loss: number;
  readonly repetition: number;
  readonly delayMsMax: number;
}

export class LossyNetwork {
  /** Nothing arrives while it is true. */
  isCut = false;
  sent = 0;
  readonly #options: LossyNetworkOptions;
  readonly #nodes = new Map<string, (from: string, packet: Packet) => void>();

  constructor(options: LossyNetworkOptions) {
    this.#options = options;
  }

  add(node: string, receive: (from: string, packet: Packet) => void): void {
    this.#nodes.set(node, receive);
  }

  send(from: string, to: string, packet: Packet): void {
    const { random, loss, repetition } = this.#options;
    const line = JSON.stringify(encodePacket(packet));
    this.sent++;
    if (!random.chance(loss)) this.#deliverLater(from, to, line);
    if (random.chance(repetition)) this.#deliverLater(from, to, line);
  }

  #deliverLater(from: string, to: string, line: string): void {
    const { clock, random, delayMsMax } = this.#options;
    clock.setTimer(random.below(delayMsMax + 1), () => {
      const packet = decodePacket(JSON.parse(line));
      if (packet === undefined) throw new Error(`no packet: ${line}`);
      if (!this.isCut) this.#nodes.get(to)?.(from, packet);
    });
  }
}
