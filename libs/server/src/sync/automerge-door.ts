// The door `/v1/sync/automerge/{collection}`: automerge-repo's WebSocket protocol, for any Repo. A Repo's document id is the
// id of the document in the collection.

import { AnabranchError } from '@anabranch/base';
import { AutomergeSession } from './automerge-session.ts';
import { DoorSessions, type SyncDoor } from './door-sessions.ts';
import { sessionDemandOf } from './session-demand.ts';
import type { SyncDoorParts } from './sync-door-parts.ts';
import { pathSegmentsOf, schemaFor } from './upgrade.ts';

export function automergeDoor(parts: SyncDoorParts): SyncDoor {
  const sessions = new DoorSessions(parts, parts.limits.repoMessageBytesMax);
  const handleUpgrade = sessions.handler((webSocket, request) => {
    const [, , , collection = '', ...rest] = pathSegmentsOf(request);
    if (rest.some((segment) => segment !== '')) throw new AnabranchError('route_not_found', 'the path names a collection only');
    const isTyped = schemaFor(parts.replica.collections, collection, 'automerge').schema !== 'freeform';
    const { minVersion } = sessionDemandOf(request);
    return sessions.begin(
      webSocket,
      minVersion,
      (onClosed) => new AutomergeSession(webSocket, { ...parts, collection, isTyped, onClosed }),
    );
  });
  return { handleUpgrade, sessions };
}
