// The door `/v1/sync/documents`: embedded clients (libs/client), each with one session for all its documents. What a client has
// seen it says in its first frame, not in the address.

import { canonicalJson, type JsonValue, type Random } from '@anabranch/base';
import { DocumentsSession } from './documents-session.ts';
import { DoorSessions, type SyncDoor } from './door-sessions.ts';
import { ResumableClients } from './resumable-follows.ts';
import type { SyncDoorParts } from './sync-door-parts.ts';
import type { YjsRooms } from './yjs-rooms.ts';

export function documentsDoor(parts: SyncDoorParts, rooms: YjsRooms, random: Random): SyncDoor {
  const sessions = new DoorSessions(parts, parts.limits.documentsFrameBytesMax);
  const resumable = new ResumableClients(parts.limits, random);
  // Of each collection of the region the text that a client must describe it by.
  const definitions = new Map(
    [...parts.replica.collections].map(([name, { library, schema }]) => {
      const plain: JsonValue = JSON.parse(JSON.stringify({ library, schema }));
      return [name, canonicalJson(plain)];
    }),
  );
  const handleUpgrade = sessions.handler((webSocket) =>
    sessions.begin(
      webSocket,
      undefined,
      (onClosed) => new DocumentsSession(webSocket, { ...parts, rooms, definitions, resumable, onClosed }),
    ),
  );
  return { handleUpgrade, sessions, sweep: (nowMs) => resumable.sweep(nowMs) };
}
