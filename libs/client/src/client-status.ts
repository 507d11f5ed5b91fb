import type { Refusal } from './refusal.ts';

export interface RegionStatus {
  readonly name: string;
  readonly url: string;
  /** Undefined while nothing is known. */
  readonly isReachable: boolean | undefined;
  readonly roundTripMs: number | undefined;
}

/** Where the client is; a new object whenever something of it changes. */
export interface ClientStatus {
  readonly connection: 'offline' | 'connecting' | 'online';
  /** The region of the session, while there is one. */
  readonly region: string | undefined;
  /** Switched off by the application. */
  readonly isOffline: boolean;
  /** The region the client is to stay with, or `nearest`. */
  readonly wantedRegion: string;
  /** Writes of this device that no region has confirmed, of all tabs and of before a restart: from when `edit` returns them. */
  readonly pendingWrites: number;
  /** The region has not yet received all that was shown here: writes, and documents that are new here, wait for it. */
  readonly lacksHere: boolean;
  /**
   * What last went wrong with regions, the store or documents; a new session ends what went wrong before it. A write that was refused is
   * no such thing: its `error`, and `Client.onRefused`, say why.
   */
  readonly lastError: Refusal | undefined;
  readonly regions: readonly RegionStatus[];
}
