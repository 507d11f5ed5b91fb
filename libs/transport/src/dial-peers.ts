// Keeps a link to every configured peer: dial, hand the connection to the replica, wait until it ends, wait a little, again.
//
//   dialling --open--> linked --ended--> waiting --timer--> dialling
//       `--failed----------------------> waiting
//
// Invariant 1: per peer there is at most one attempt or connection of ours at a time.
// Invariant 2: after `stop` has resolved nothing is open, nothing is pending, and nothing is dialled any more.

import type { Clock, Logger, Random } from '@anabranch/base';
import type { RegionId } from '@anabranch/causality';
import type { LinkConnection, LinkEnd, LinkRole, PeerLinkHandle } from '@anabranch/engine';
import { DialBackoff } from './dial-backoff.ts';
import { type LinkDial, webSocketDial } from './link-dial.ts';

/** What a transport needs of a replica. */
export interface LinkHost {
  attachLink(connection: LinkConnection, role: LinkRole): PeerLinkHandle;
}

export interface PeerAddress {
  /** For logs: who answers is proven in the handshake. */
  readonly region: RegionId;
  /** The base URL of the peer's server. */
  readonly url: string;
}

export interface DialOptions {
  readonly replica: LinkHost;
  readonly peers: readonly PeerAddress[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How connections are opened; WebSocket when left out. */
  readonly dial?: LinkDial;
}

/** Starts dialling all peers at once. */
export function dialPeers(options: DialOptions): { stop(): Promise<void> } {
  const dial = options.dial ?? webSocketDial(options.clock);
  const loops = options.peers.map((peer) => new DialLoop(peer, { ...options, dial }));
  return {
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

interface LoopParts {
  readonly replica: LinkHost;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly dial: LinkDial;
}

class DialLoop {
  readonly #peer: PeerAddress;
  readonly #parts: LoopParts;
  readonly #backoff: DialBackoff;
  readonly #stopping = new AbortController();
  readonly #whenFinished: Promise<void>;
  #link: PeerLinkHandle | undefined;

  constructor(peer: PeerAddress, parts: LoopParts) {
    this.#peer = peer;
    this.#parts = parts;
    this.#backoff = new DialBackoff(parts.random);
    this.#whenFinished = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#link?.close();
    await this.#whenFinished;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const end = await this.#attempt();
      if (this.#stopping.signal.aborted) return;
      const waitMs = this.#backoff.nextWaitMs(end.code, end.wasEstablished);
      const { region } = this.#peer;
      const { wasEstablished, code, reason } = end;
      const report = wasEstablished ? this.#parts.logger.info : this.#parts.logger.debug;
      report.call(this.#parts.logger, 'link.dial_ended', { peer: region, code, reason, wasEstablished, waitMs: Math.round(waitMs) });
      await this.#pause(waitMs);
    }
  }

  /** One connection from dial to end. */
  async #attempt(): Promise<LinkEnd> {
    const { dial, replica } = this.#parts;
    let connection: LinkConnection;
    try {
      connection = await dial(this.#peer.url, this.#stopping.signal);
    } catch (error) {
      return { code: 'lost', reason: error instanceof Error ? error.message : String(error), wasEstablished: false };
    }
    this.#link = replica.attachLink(connection, 'dialer');
    // `stop` may have come between the opening and now, when there was no link to close yet.
    if (this.#stopping.signal.aborted) this.#link.close();
    const end = await this.#link.whenClosed;
    this.#link = undefined;
    return end;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#stopping;
      const wake = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = this.#parts.clock.setTimer(ms, wake);
      signal.addEventListener('abort', wake);
    });
  }
}
