// All connections of a node, by what their packets name: opens them when we dial, takes those that others open, and hands
// each packet to its connection.
//
//   dial:   open, repeated --first packet back--> connection --> whoever dialled
//   accept: open from a peer --> connection --> acknowledged, repeated opens too
//
// Invariant 1: an id names one connection, between one pair of nodes; packets of another pair under it change nothing.
// Invariant 2: a connection that has ended does not come back: late packets of it are answered with `close` and why it ended.
// Invariant 3: a peer holds at most `acceptedMax` connections open here.

import { type Clock, type Random, toHex } from '@anabranch/base';
import type { LinkEnding } from './link-code.ts';
import type { Packet } from './packet.ts';
import { ReliableConnection } from './reliable-connection.ts';

export interface LinkHubParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Hands a packet to the network. */
  readonly transmit: (peer: string, packet: Packet) => void;
  /** Takes a connection that a peer opened. */
  readonly accept: (connection: ReliableConnection) => void;
}

interface Dial {
  readonly peer: string;
  opened(): void;
  refused(reason: string): void;
}

export class LinkHub {
  /** A dial that is not answered by then has failed. */
  static readonly dialMsMax = 5_000;
  /** The wait before the first repetition of `open`; it doubles. */
  static readonly reopenMsMin = 150;
  static readonly reopenMsMax = 500;
  /** Connections that one peer may have open here; more are closed at once. */
  static readonly acceptedMax = 4;
  /** Ended connections that are remembered; a later `open` of an older one would be taken for new, and end unanswered. */
  static readonly endedMax = 1_024;

  readonly #parts: LinkHubParts;
  readonly #connections = new Map<string, ReliableConnection>();
  readonly #dials = new Map<string, Dial>();
  readonly #ended = new Map<string, LinkEnding>();

  constructor(parts: LinkHubParts) {
    this.#parts = parts;
  }

  /** Opens a connection. Rejects when nobody answers in time, the peer refuses, or `signal` is aborted. */
  dial(peer: string, signal: AbortSignal): Promise<ReliableConnection> {
    const { clock, random, transmit } = this.#parts;
    const id = toHex(random.bytes(8));
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#dials.delete(id);
        deadline.cancel();
        reopen.cancel();
        signal.removeEventListener('abort', abort);
      };
      const fail = (reason: string): void => {
        settle();
        this.#rememberEnded(id, { code: 'lost', reason });
        reject(new Error(reason));
      };
      const abort = (): void => fail('the dial was aborted');
      const open = (waitMs: number): void => {
        transmit(peer, { kind: 'open', connection: id });
        reopen = clock.setTimer(waitMs, () => open(Math.min(LinkHub.reopenMsMax, 2 * waitMs)));
      };
      const deadline = clock.setTimer(LinkHub.dialMsMax, () => fail(`no answer in ${LinkHub.dialMsMax} ms`));
      let reopen = clock.setTimer(0, () => open(LinkHub.reopenMsMin));
      signal.addEventListener('abort', abort);
      const opened = (): void => {
        settle();
        resolve(this.#connect(peer, id));
      };
      this.#dials.set(id, { peer, opened, refused: fail });
      if (signal.aborted) abort();
    });
  }

  /** Takes a packet from the network. */
  receive(peer: string, packet: Packet): void {
    const { connection: id } = packet;
    const dial = this.#dials.get(id);
    if (dial !== undefined && dial.peer === peer) this.#answerDial(dial, packet);
    const connection = this.#connections.get(id);
    if (connection !== undefined) {
      if (connection.remoteAddress === peer) connection.receive(packet);
    } else if (packet.kind === 'open' && !this.#ended.has(id)) {
      this.#accept(peer, packet);
    } else if (packet.kind === 'open' || packet.kind === 'data') {
      this.#refuse(peer, id, this.#ended.get(id) ?? { code: 'lost', reason: 'no such connection' });
    }
  }

  #answerDial(dial: Dial, packet: Packet): void {
    if (packet.kind === 'close') dial.refused(packet.reason);
    else if (packet.kind !== 'open') dial.opened();
  }

  #accept(peer: string, packet: Packet): void {
    let open = 0;
    for (const connection of this.#connections.values()) if (connection.remoteAddress === peer) open++;
    if (open >= LinkHub.acceptedMax) {
      return this.#refuse(peer, packet.connection, { code: 'overloaded', reason: 'too many connections' });
    }
    const connection = this.#connect(peer, packet.connection);
    connection.receive(packet);
    this.#parts.accept(connection);
  }

  #connect(peer: string, id: string): ReliableConnection {
    const connection = new ReliableConnection({
      clock: this.#parts.clock,
      id,
      remoteAddress: peer,
      transmit: (packet) => this.#parts.transmit(peer, packet),
      onEnded: (ending) => {
        this.#connections.delete(id);
        this.#rememberEnded(id, ending);
      },
    });
    this.#connections.set(id, connection);
    return connection;
  }

  #refuse(peer: string, connection: string, ending: LinkEnding): void {
    this.#parts.transmit(peer, { kind: 'close', connection, ...ending });
  }

  #rememberEnded(id: string, ending: LinkEnding): void {
    this.#ended.set(id, ending);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > LinkHub.endedMax && oldest !== undefined) this.#ended.delete(oldest);
  }
}
