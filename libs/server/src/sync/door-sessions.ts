// The sockets of one door, whatever protocol it speaks: those with a session, and those that wait for the region to show what
// their clients have seen.
//
//   upgrade --> [session token given: waits until covered] --> session --its end--> gone

import type { VersionVector } from '@anabranch/causality';
import type { WebSocket, WebSocketServer } from 'ws';
import { WaitingSockets } from './session-demand.ts';
import type { SessionSocket } from './session-socket.ts';
import type { SyncDoorParts } from './sync-door-parts.ts';
import { clientSocketServer, openOrRefuse, type UpgradeHandler } from './upgrade.ts';

export interface DoorSession {
  readonly socket: SessionSocket;
  /** The regular look after it; that of its socket when there is nothing else to look after. */
  sweep?(nowMs: number): void;
}

/** One sync protocol: takes upgrades, holds its sessions. */
export interface SyncDoor {
  readonly handleUpgrade: UpgradeHandler;
  readonly sessions: DoorSessions;
  /** The regular look after what the door keeps beside its sessions. */
  sweep?(nowMs: number): void;
}

/** Makes a session that calls `onClosed` once, when its socket is gone. */
type MakeSession = (onClosed: () => void) => DoorSession;

export class DoorSessions {
  readonly #parts: SyncDoorParts;
  readonly #server: WebSocketServer;
  readonly #sessions = new Set<DoorSession>();
  readonly #waiting: WaitingSockets;

  constructor(parts: SyncDoorParts, messageBytesMax: number) {
    this.#parts = parts;
    this.#server = clientSocketServer(messageBytesMax, parts.limits);
    this.#waiting = new WaitingSockets(parts);
  }

  /** With those that wait. */
  get count(): number {
    return this.#sessions.size + this.#waiting.count;
  }

  /** Takes upgrades. What `open` throws is the reason that the socket is closed with. */
  handler(open: (webSocket: WebSocket, request: Parameters<UpgradeHandler>[0]) => void | Promise<void>): UpgradeHandler {
    return (request, socket, head) => {
      this.#server.handleUpgrade(request, socket, head, (webSocket) => {
        openOrRefuse(webSocket, this.#parts.logger, () => open(webSocket, request));
      });
    };
  }

  /** Begins a session now, or when the region covers what its client has seen. */
  begin(webSocket: WebSocket, minVersion: VersionVector | undefined, make: MakeSession): void | Promise<void> {
    const begin = (): void => {
      const session: DoorSession = make(() => {
        this.#sessions.delete(session);
        this.#parts.onClosed();
      });
      this.#sessions.add(session);
      this.#parts.onOpened();
    };
    return minVersion === undefined ? begin() : this.#waiting.openWhenCovered(webSocket, minVersion, begin);
  }

  sweep(nowMs: number): void {
    for (const session of this.#sessions) {
      if (session.sweep === undefined) session.socket.sweep(nowMs);
      else session.sweep(nowMs);
    }
  }

  goAway(): void {
    this.#waiting.goAway();
    for (const { socket } of this.#sessions) socket.goAway();
  }
}
