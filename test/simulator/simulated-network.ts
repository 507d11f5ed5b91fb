// Connections between simulated replicas: ordered and delayed per direction. A cut direction holds what is sent, like a
// real partition: nothing is closed, nothing arrives; a heal delivers it. Severing ends connections: what was in flight
// is lost.

import type { LinkConnection, LinkConnectionListener, LinkEnd, LinkRole, PeerLinkHandle } from '@anabranch/engine';
import type { VirtualClock } from './virtual-clock.ts';

export interface Attachable {
  attachLink(connection: LinkConnection, role: LinkRole): PeerLinkHandle;
}

interface Direction {
  isCut: boolean;
  delayMs: number;
  /** The virtual time before which nothing more arrives: keeps the order when the delay shrinks. */
  nextAtMs: number;
  readonly held: Array<() => void>;
}

class Endpoint implements LinkConnection {
  readonly remoteAddress: string;
  bufferedBytes = 0;
  listener: LinkConnectionListener | undefined;
  isOpen = true;
  peer: Endpoint | undefined;
  readonly #deliver: (action: () => void) => void;
  readonly #rewrite: (frame: Uint8Array) => Uint8Array;

  constructor(remoteAddress: string, deliver: (action: () => void) => void, rewrite: (frame: Uint8Array) => Uint8Array) {
    this.remoteAddress = remoteAddress;
    this.#rewrite = rewrite;
    this.#deliver = deliver;
  }

  listen(listener: LinkConnectionListener): void {
    this.listener = listener;
  }

  send(frame: Uint8Array): void {
    if (!this.isOpen) return;
    const copy = frame.slice();
    this.bufferedBytes += copy.length;
    this.#deliver(() => {
      this.bufferedBytes -= copy.length;
      if (this.peer?.isOpen) this.peer.listener?.receiveFrame(this.#rewrite(copy));
      if (this.isOpen && this.bufferedBytes === 0) this.listener?.drained();
    });
  }

  close(code: LinkEnd['code'], reason: string): void {
    if (!this.isOpen) return;
    this.#deliver(() => this.peer?.end(code, reason));
    this.end('normal', 'closed here');
  }

  end(code: LinkEnd['code'], reason: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.listener?.closed(code, reason);
  }
}

/** The path between two replicas. */
export class SimulatedPath {
  /** What becomes of each frame on its way: a peer that says something else than it would. */
  rewrite: (frame: Uint8Array) => Uint8Array = (frame) => frame;
  readonly #clock: VirtualClock;
  readonly #directions: readonly [Direction, Direction];
  readonly #endpoints = new Set<Endpoint>();

  constructor(clock: VirtualClock, delayMs: number) {
    this.#clock = clock;
    const direction = (): Direction => ({ isCut: false, delayMs, nextAtMs: 0, held: [] });
    this.#directions = [direction(), direction()];
  }

  /** Dials from `a` to `b` and keeps redialling for as long as the path exists. */
  keepLinked(a: () => Attachable | undefined, b: () => Attachable | undefined, redialMs: number): void {
    const from = a();
    const to = b();
    const again = (): void => void this.#clock.setTimer(redialMs, () => this.keepLinked(a, b, redialMs));
    if (from === undefined || to === undefined) return again();
    const rewrite = (frame: Uint8Array): Uint8Array => this.rewrite(frame);
    const dialler = new Endpoint('acceptor', (action) => this.#transmit(0, action), rewrite);
    const acceptor = new Endpoint('dialler', (action) => this.#transmit(1, action), rewrite);
    dialler.peer = acceptor;
    acceptor.peer = dialler;
    for (const endpoint of [dialler, acceptor]) this.#endpoints.add(endpoint);
    this.#transmit(0, () => {
      if (acceptor.isOpen) to.attachLink(acceptor, 'acceptor');
    });
    const link = from.attachLink(dialler, 'dialer');
    void link.whenClosed.then(() => {
      this.#endpoints.delete(dialler);
      this.#endpoints.delete(acceptor);
      again();
    });
  }

  cut(direction: 'both' | 'a-to-b' | 'b-to-a'): void {
    this.#each(direction, (lane) => {
      lane.isCut = true;
    });
  }

  heal(direction: 'both' | 'a-to-b' | 'b-to-a' = 'both'): void {
    this.#each(direction, (lane) => {
      lane.isCut = false;
      for (const action of lane.held.splice(0)) this.#schedule(lane, action);
    });
  }

  /** Ends every connection on the path at once, losing what is in flight. */
  sever(): void {
    for (const endpoint of [...this.#endpoints]) endpoint.end('lost', 'connection reset');
  }

  #each(direction: 'both' | 'a-to-b' | 'b-to-a', change: (lane: Direction) => void): void {
    if (direction !== 'b-to-a') change(this.#directions[0]);
    if (direction !== 'a-to-b') change(this.#directions[1]);
  }

  #transmit(index: 0 | 1, action: () => void): void {
    const lane = this.#directions[index];
    if (lane.isCut) lane.held.push(action);
    else this.#schedule(lane, action);
  }

  #schedule(lane: Direction, action: () => void): void {
    const nowMs = this.#clock.monotonicMs();
    lane.nextAtMs = Math.max(lane.nextAtMs, nowMs + lane.delayMs) + 1e-6;
    this.#clock.setTimer(lane.nextAtMs - nowMs, action);
  }
}
