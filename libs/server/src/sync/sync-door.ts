import type { Clock, Logger } from '@anabranch/base';
import type { ReplicaDoor } from '@anabranch/engine';
import type { SyncLimits } from './sync-limits.ts';
import type { UpgradeHandler } from './upgrade.ts';

/** One sync protocol: takes upgrades, holds its sessions. */
export interface SyncDoor {
  readonly handleUpgrade: UpgradeHandler;
  /** With those that wait for the region to show what their clients have seen. */
  readonly sessionCount: number;
  /** The regular look after all sessions. */
  sweep(nowMs: number): void;
  /** Closes every session because the region stops. */
  goAway(): void;
}

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
