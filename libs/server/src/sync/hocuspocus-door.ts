// The door `/v1/sync/hocuspocus`: the protocol of Hocuspocus, for any HocuspocusProvider. A provider's document name is the id of
// a Yjs document, `collection/id`.

import type { IncomingMessage } from 'node:http';
import type { WebSocket, WebSocketServer } from 'ws';
import { HocuspocusSession } from './hocuspocus-session.ts';
import { sessionDemandOf, WaitingSockets } from './session-demand.ts';
import type { SyncDoor, SyncDoorParts } from './sync-door.ts';
import { clientSocketServer, openOrRefuse, type UpgradeHandler } from './upgrade.ts';
import type { YjsRooms } from './yjs-rooms.ts';

export class HocuspocusDoor implements SyncDoor {
  readonly #parts: SyncDoorParts;
  readonly #server: WebSocketServer;
  readonly #rooms: YjsRooms;
  readonly #sessions = new Set<HocuspocusSession>();
  readonly #waiting: WaitingSockets;

  constructor(parts: SyncDoorParts, rooms: YjsRooms) {
    this.#parts = parts;
    this.#rooms = rooms;
    this.#server = clientSocketServer(parts.limits.hocuspocusMessageBytesMax, parts.limits);
    this.#waiting = new WaitingSockets(parts);
  }

  get sessionCount(): number {
    return this.#sessions.size + this.#waiting.count;
  }

  readonly handleUpgrade: UpgradeHandler = (request, socket, head) => {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      openOrRefuse(webSocket, this.#parts.logger, () => this.#open(webSocket, request));
    });
  };

  sweep(nowMs: number): void {
    for (const session of this.#sessions) session.socket.sweep(nowMs);
  }

  goAway(): void {
    this.#waiting.goAway();
    for (const session of this.#sessions) session.socket.goAway();
  }

  #open(webSocket: WebSocket, request: IncomingMessage): void | Promise<void> {
    const onClosed = (session: HocuspocusSession): void => {
      this.#sessions.delete(session);
      this.#parts.onClosed();
    };
    const open = (): void => {
      this.#sessions.add(new HocuspocusSession(webSocket, { ...this.#parts, rooms: this.#rooms, onClosed }));
      this.#parts.onOpened();
    };
    const { minVersion } = sessionDemandOf(request);
    return minVersion === undefined ? open() : this.#waiting.openWhenCovered(webSocket, minVersion, open);
  }
}
