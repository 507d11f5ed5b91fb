// The door `/v1/sync/automerge/{collection}`: automerge-repo's WebSocket protocol, for any Repo. A Repo's document id is the
// id of the document in the collection.

import type { IncomingMessage } from 'node:http';
import { AnabranchError } from '@anabranch/base';
import type { WebSocket, WebSocketServer } from 'ws';
import { AutomergeSession } from './automerge-session.ts';
import { sessionDemandOf, WaitingSockets } from './session-demand.ts';
import type { SyncDoor, SyncDoorParts } from './sync-door.ts';
import { clientSocketServer, openOrRefuse, pathSegmentsOf, schemaFor, type UpgradeHandler } from './upgrade.ts';

export class AutomergeDoor implements SyncDoor {
  readonly #parts: SyncDoorParts;
  readonly #server: WebSocketServer;
  readonly #sessions = new Set<AutomergeSession>();
  readonly #waiting: WaitingSockets;

  constructor(parts: SyncDoorParts) {
    this.#parts = parts;
    this.#server = clientSocketServer(parts.limits.repoMessageBytesMax, parts.limits);
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
    for (const session of this.#sessions) session.sweep(nowMs);
  }

  goAway(): void {
    this.#waiting.goAway();
    for (const session of this.#sessions) session.socket.goAway();
  }

  #open(webSocket: WebSocket, request: IncomingMessage): void | Promise<void> {
    const [, , , collection = '', ...rest] = pathSegmentsOf(request);
    if (rest.some((segment) => segment !== '')) throw new AnabranchError('route_not_found', 'the path names a collection only');
    const isTyped = schemaFor(this.#parts.replica.collections, collection, 'automerge').schema !== 'freeform';
    const onClosed = (session: AutomergeSession): void => {
      this.#sessions.delete(session);
      this.#parts.onClosed();
    };
    const open = (): void => {
      this.#sessions.add(new AutomergeSession(webSocket, { ...this.#parts, collection, isTyped, onClosed }));
      this.#parts.onOpened();
    };
    const { minVersion } = sessionDemandOf(request);
    return minVersion === undefined ? open() : this.#waiting.openWhenCovered(webSocket, minVersion, open);
  }
}
