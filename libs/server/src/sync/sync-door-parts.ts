import type { Clock, Logger } from '@anabranch/base';
import type { ReplicaDoor } from '@anabranch/engine';
import type { SyncLimits } from './sync-limits.ts';

export interface SyncDoorParts {
  readonly replica: ReplicaDoor;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: SyncLimits;
  /** A session was opened, or its socket is gone. */
  readonly onOpened: () => void;
  readonly onClosed: () => void;
  /** A socket waits no more, with a session or without. */
  readonly onWaited: () => void;
}
