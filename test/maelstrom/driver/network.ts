// The network between nodes and clients: it delays, loses and cuts messages between nodes, and so reorders them.
//
// Invariant 1: a message is delivered at most once, unchanged; the source of a delivered message is who sent it.
// Invariant 2: messages between nodes that a partition separates at the time of delivery are lost, as in Maelstrom.
// Invariant 3: at most `inFlightMax` messages are on their way; beyond, messages between nodes are lost.

import type { Clock } from '@anabranch/base';
import type { SeededRandom } from '../../simulator/seeded-random.ts';
import type { Message } from '../wire/message.ts';

export interface NetworkParts {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly latencyMs: number;
  readonly loss: number;
}

export class Network {
  static readonly inFlightMax = 100_000;
  /** A delay is at most so many times the mean. */
  static readonly delayFactorMax = 10;

  readonly #parts: NetworkParts;
  readonly #nodes = new Map<string, (message: Message) => void>();
  readonly #clients = new Map<string, (message: Message) => void>();
  /** `source destination` of cut directions. */
  #cuts: ReadonlySet<string> = new Set();
  #inFlight = 0;
  /** The share of messages between clients and nodes that is lost. */
  clientLoss = 0;
  /** Messages that nodes sent each other. */
  sentBetweenNodes = 0;
  lostBetweenNodes = 0;
  lostOfClients = 0;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  addNode(id: string, deliver: (message: Message) => void): void {
    this.#nodes.set(id, deliver);
  }

  addClient(id: string, deliver: (message: Message) => void): void {
    this.#clients.set(id, deliver);
  }

  /** Cuts these directions between nodes, and no others any more. */
  cut(directions: ReadonlyArray<readonly [from: string, to: string]>): void {
    this.#cuts = new Set(directions.map((direction) => direction.join(' ')));
  }

  heal(): void {
    this.#cuts = new Set();
  }

  send(message: Message): void {
    const { src, dest } = message;
    if (this.#nodes.has(src) && this.#nodes.has(dest)) this.#sendBetweenNodes(message);
    else this.#sendOfClient(message);
  }

  #sendOfClient(message: Message): void {
    const deliver = this.#clients.get(message.dest) ?? this.#nodes.get(message.dest);
    if (deliver === undefined) throw new Error(`there is no ${message.dest}`);
    if (this.#parts.random.chance(this.clientLoss)) this.lostOfClients++;
    else deliver(message);
  }

  #sendBetweenNodes(message: Message): void {
    const { clock, random, latencyMs, loss } = this.#parts;
    this.sentBetweenNodes++;
    if (random.chance(loss) || this.#inFlight >= Network.inFlightMax) {
      this.lostBetweenNodes++;
      return;
    }
    const exponential = -Math.log(1 - random.u32() / 2 ** 32);
    this.#inFlight++;
    clock.setTimer(latencyMs * Math.min(Network.delayFactorMax, exponential), () => {
      this.#inFlight--;
      if (this.#cuts.has(`${message.src} ${message.dest}`)) this.lostBetweenNodes++;
      else this.#nodes.get(message.dest)?.(message);
    });
  }
}
