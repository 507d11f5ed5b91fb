// The door `/v1/sync/yjs/{collection}/{id}`: the y-websocket protocol, for any WebsocketProvider.
//
// Invariant 1: of the query string nothing is read but what session-demand.ts names: clients put their tokens there, and
//              nothing of it may reach a log.
// Invariant 2: rooms exist exactly while they have sessions.

import type { IncomingMessage } from 'node:http';
import { AnabranchError } from '@anabranch/base';
import { type DocumentId, documentIdOf } from '@anabranch/protocol';
import type { WebSocket, WebSocketServer } from 'ws';
import { AwarenessTable } from './awareness-table.ts';
import { sessionDemandOf, WaitingSockets } from './session-demand.ts';
import type { SyncDoor, SyncDoorParts } from './sync-door.ts';
import { clientSocketServer, openOrRefuse, pathSegmentsOf, schemaFor, type UpgradeHandler } from './upgrade.ts';
import { YjsRoom } from './yjs-room.ts';
import { YjsSession } from './yjs-session.ts';

export class YjsDoor implements SyncDoor {
  readonly #parts: SyncDoorParts;
  readonly #server: WebSocketServer;
  readonly #rooms = new Map<DocumentId, YjsRoom>();
  readonly #waiting: WaitingSockets;
  #sessionCount = 0;

  constructor(parts: SyncDoorParts) {
    this.#parts = parts;
    this.#server = clientSocketServer(parts.limits.yjsMessageBytesMax, parts.limits);
    this.#waiting = new WaitingSockets(parts);
  }

  get sessionCount(): number {
    return this.#sessionCount + this.#waiting.count;
  }

  readonly handleUpgrade: UpgradeHandler = (request, socket, head) => {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      openOrRefuse(webSocket, this.#parts.logger, () => this.#open(webSocket, request));
    });
  };

  sweep(nowMs: number): void {
    for (const room of this.#rooms.values()) {
      room.awareness.expire(nowMs);
      for (const session of room.sessions) session.socket.sweep(nowMs);
    }
  }

  goAway(): void {
    this.#waiting.goAway();
    for (const room of this.#rooms.values()) for (const session of room.sessions) session.socket.goAway();
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
    const { limits } = this.#parts;
    const room = this.#rooms.get(document) ?? new YjsRoom(new AwarenessTable(limits), limits);
    new YjsSession(webSocket, document, room, { ...this.#parts, wantsTokens, onClosed: (session) => this.#closed(session, room) });
    this.#rooms.set(document, room);
    this.#sessionCount += 1;
    this.#parts.onOpened();
  }

  #closed(session: YjsSession, room: YjsRoom): void {
    this.#sessionCount -= 1;
    if (room.sessions.size === 0) this.#rooms.delete(session.document);
    this.#parts.onClosed();
  }
}
