// The door `/v1/sync/yjs/{collection}/{id}`: the y-websocket protocol, for any WebsocketProvider.
//
// Invariant: of the query string nothing is read but what session-demand.ts names: clients put their tokens there, and
//            nothing of it may reach a log.

import type { IncomingMessage } from 'node:http';
import { AnabranchError } from '@anabranch/base';
import { type DocumentId, documentIdOf } from '@anabranch/protocol';
import type { WebSocket, WebSocketServer } from 'ws';
import { sessionDemandOf, WaitingSockets } from './session-demand.ts';
import type { SyncDoor, SyncDoorParts } from './sync-door.ts';
import { clientSocketServer, openOrRefuse, pathSegmentsOf, schemaFor, type UpgradeHandler } from './upgrade.ts';
import type { YjsRooms } from './yjs-rooms.ts';
import { YjsSession } from './yjs-session.ts';

export class YjsDoor implements SyncDoor {
  readonly #parts: SyncDoorParts;
  readonly #server: WebSocketServer;
  readonly #rooms: YjsRooms;
  readonly #sessions = new Set<YjsSession>();
  readonly #waiting: WaitingSockets;

  constructor(parts: SyncDoorParts, rooms: YjsRooms) {
    this.#parts = parts;
    this.#rooms = rooms;
    this.#server = clientSocketServer(parts.limits.yjsMessageBytesMax, parts.limits);
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
    const { replica } = this.#parts;
    const [, , , collection = '', id = '', ...rest] = pathSegmentsOf(request);
    if (rest.length > 0) throw new AnabranchError('document_id_invalid', 'the path names no document');
    schemaFor(replica.collections, collection, 'yjs');
    const document = documentIdOf(collection, id);
    const { minVersion, wantsTokens } = sessionDemandOf(request);
    const open = (): void => this.#begin(webSocket, document, wantsTokens);
    return minVersion === undefined ? open() : this.#waiting.openWhenCovered(webSocket, minVersion, open);
  }

  #begin(webSocket: WebSocket, document: DocumentId, wantsTokens: boolean): void {
    const onClosed = (session: YjsSession): void => {
      this.#sessions.delete(session);
      this.#parts.onClosed();
    };
    this.#sessions.add(new YjsSession(webSocket, document, { ...this.#parts, rooms: this.#rooms, wantsTokens, onClosed }));
    this.#parts.onOpened();
  }
}
