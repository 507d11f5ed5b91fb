// The door `/v1/sync/documents`: embedded clients (libs/client), each with one session for all its documents.

import { canonicalJson, type JsonValue, type Random } from '@anabranch/base';
import type { WebSocketServer } from 'ws';
import { DocumentsSession } from './documents-session.ts';
import { ResumableClients } from './resumable-follows.ts';
import type { SyncDoor, SyncDoorParts } from './sync-door.ts';
import { clientSocketServer, openOrRefuse, type UpgradeHandler } from './upgrade.ts';
import type { YjsRooms } from './yjs-rooms.ts';

export class DocumentsDoor implements SyncDoor {
  readonly #parts: SyncDoorParts;
  readonly #server: WebSocketServer;
  readonly #sessions = new Set<DocumentsSession>();
  readonly #rooms: YjsRooms;
  readonly #resumable: ResumableClients;
  /** Of each collection of the region the text that a client must describe it by. */
  readonly #definitions: ReadonlyMap<string, string>;

  constructor(parts: SyncDoorParts, rooms: YjsRooms, random: Random) {
    this.#parts = parts;
    this.#rooms = rooms;
    this.#server = clientSocketServer(parts.limits.documentsFrameBytesMax, parts.limits);
    this.#resumable = new ResumableClients(parts.limits, random);
    this.#definitions = new Map(
      [...parts.replica.collections].map(([name, { library, schema }]) => {
        const plain: JsonValue = JSON.parse(JSON.stringify({ library, schema }));
        return [name, canonicalJson(plain)];
      }),
    );
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  readonly handleUpgrade: UpgradeHandler = (request, socket, head) => {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      openOrRefuse(webSocket, this.#parts.logger, () => {
        const session: DocumentsSession = new DocumentsSession(webSocket, {
          ...this.#parts,
          definitions: this.#definitions,
          resumable: this.#resumable,
          rooms: this.#rooms,
          onClosed: () => {
            this.#sessions.delete(session);
            this.#parts.onClosed();
          },
        });
        this.#sessions.add(session);
        this.#parts.onOpened();
      });
    });
  };

  sweep(nowMs: number): void {
    this.#resumable.sweep(nowMs);
    for (const session of this.#sessions) session.sweep(nowMs);
  }

  goAway(): void {
    for (const session of this.#sessions) session.socket.goAway();
  }
}
