// The door `/v1/sync/hocuspocus`: the protocol of Hocuspocus, for any HocuspocusProvider. A provider's document name is the id of
// a Yjs document, `collection/id`.

import { DoorSessions, type SyncDoor } from './door-sessions.ts';
import { HocuspocusSession } from './hocuspocus-session.ts';
import { sessionDemandOf } from './session-demand.ts';
import type { SyncDoorParts } from './sync-door-parts.ts';
import type { YjsRooms } from './yjs-rooms.ts';

export function hocuspocusDoor(parts: SyncDoorParts, rooms: YjsRooms): SyncDoor {
  const sessions = new DoorSessions(parts, parts.limits.hocuspocusMessageBytesMax);
  const handleUpgrade = sessions.handler((webSocket, request) => {
    const { minVersion } = sessionDemandOf(request);
    return sessions.begin(webSocket, minVersion, (onClosed) => new HocuspocusSession(webSocket, { ...parts, rooms, onClosed }));
  });
  return { handleUpgrade, sessions };
}
