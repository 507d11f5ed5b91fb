// The door `/v1/sync/yjs/{collection}/{id}`: the y-websocket protocol, for any WebsocketProvider.
//
// Invariant: of the query string nothing is read but what session-demand.ts names: clients put their tokens there, and
//            nothing of it may reach a log.

import { AnabranchError } from '@anabranch/base';
import { documentIdOf } from '@anabranch/protocol';
import { DoorSessions, type SyncDoor } from './door-sessions.ts';
import { sessionDemandOf } from './session-demand.ts';
import type { SyncDoorParts } from './sync-door-parts.ts';
import { pathSegmentsOf, schemaFor } from './upgrade.ts';
import type { YjsRooms } from './yjs-rooms.ts';
import { YjsSession } from './yjs-session.ts';

export function yjsDoor(parts: SyncDoorParts, rooms: YjsRooms): SyncDoor {
  const sessions = new DoorSessions(parts, parts.limits.yjsMessageBytesMax);
  const handleUpgrade = sessions.handler((webSocket, request) => {
    const [, , , collection = '', id = '', ...rest] = pathSegmentsOf(request);
    if (rest.length > 0) throw new AnabranchError('document_id_invalid', 'the path names no document');
    schemaFor(parts.replica.collections, collection, 'yjs');
    const document = documentIdOf(collection, id);
    const { minVersion, wantsTokens } = sessionDemandOf(request);
    return sessions.begin(
      webSocket,
      minVersion,
      (onClosed) => new YjsSession(webSocket, document, { ...parts, rooms, wantsTokens, onClosed }),
    );
  });
  return { handleUpgrade, sessions };
}
