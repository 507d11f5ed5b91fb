// The sync doors of a region: the protocols of existing clients over the sessions of one replica.
//
// Invariant 1: all sessions share one timer, which runs only while there are sessions.
// Invariant 2: after `stop` no session is opened, and it resolves when the last socket is gone: each within the time its
//              close handshake may take.

import { AnabranchError, type Clock, type Logger, type Metrics, type Random, type Timer } from '@anabranch/base';
import type { ReplicaDoor } from '@anabranch/engine';
import { refuseSocket } from '../http/raw-answer.ts';
import { automergeDoor } from './automerge-door.ts';
import { documentsDoor } from './documents-door.ts';
import type { SyncDoor } from './door-sessions.ts';
import { hocuspocusDoor } from './hocuspocus-door.ts';
import type { SyncDoorParts } from './sync-door-parts.ts';
import { defaultSyncLimits, type SyncLimits } from './sync-limits.ts';
import type { UpgradeHandler } from './upgrade.ts';
import { yjsDoor } from './yjs-door.ts';
import { YjsRooms } from './yjs-rooms.ts';

export interface SyncDoorsOptions {
  readonly replica: ReplicaDoor;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly limits?: Partial<SyncLimits>;
}

export interface SyncDoors {
  /** For the server: the handlers by path, each for all paths below it. */
  readonly upgrades: ReadonlyMap<string, UpgradeHandler>;
  readonly sessionCount: number;
  /** Closes all sessions with 1001; resolves when their sockets are gone. */
  stop(): Promise<void>;
}

export function createSyncDoors(options: SyncDoorsOptions): SyncDoors {
  return new SweptSyncDoors(options);
}

class SweptSyncDoors implements SyncDoors {
  readonly upgrades: ReadonlyMap<string, UpgradeHandler>;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #limits: SyncLimits;
  readonly #rooms: YjsRooms;
  readonly #doors: readonly SyncDoor[];
  #sweepTimer: Timer | undefined;
  #whenEmpty: (() => void) | undefined;
  #isStopping = false;

  constructor({ replica, clock, random, logger, metrics, limits }: SyncDoorsOptions) {
    this.#clock = clock;
    this.#metrics = metrics;
    this.#limits = { ...defaultSyncLimits, ...limits };
    const parts: SyncDoorParts = {
      ...{ replica, clock, logger, limits: this.#limits },
      onOpened: () => this.#opened(),
      onClosed: () => this.#closed(),
      onWaited: () => this.#noteEmpty(),
    };
    this.#rooms = new YjsRooms(this.#limits);
    const yjs = yjsDoor(parts, this.#rooms);
    const hocuspocus = hocuspocusDoor(parts, this.#rooms);
    const automerge = automergeDoor(parts);
    const documents = documentsDoor(parts, this.#rooms, random);
    this.#doors = [yjs, hocuspocus, automerge, documents];
    this.upgrades = new Map([
      ['/v1/sync/yjs/', this.#guard(yjs.handleUpgrade)],
      ['/v1/sync/hocuspocus', this.#guard(hocuspocus.handleUpgrade)],
      ['/v1/sync/automerge/', this.#guard(automerge.handleUpgrade)],
      ['/v1/sync/documents', this.#guard(documents.handleUpgrade)],
    ]);
  }

  get sessionCount(): number {
    return this.#doors.reduce((count, door) => count + door.sessions.count, 0);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const door of this.#doors) door.sessions.goAway();
    if (this.sessionCount > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
    }
    this.#sweepTimer?.cancel();
  }

  #guard(handler: UpgradeHandler): UpgradeHandler {
    return (request, socket, head) => {
      if (this.#isStopping) refuseSocket(socket, new AnabranchError('not_ready', 'the region is stopping'));
      else if (this.sessionCount < this.#limits.sessionsMax) handler(request, socket, head);
      else refuseSocket(socket, new AnabranchError('overloaded', 'the region has as many sessions as it takes'));
    };
  }

  #opened(): void {
    this.#metrics.count('anabranch_sync_sessions_opened_total');
    this.#sweepTimer ??= this.#clock.setTimer(this.#limits.sweepMs, () => this.#sweep());
  }

  #closed(): void {
    this.#metrics.count('anabranch_sync_sessions_closed_total');
    this.#noteEmpty();
  }

  #noteEmpty(): void {
    if (this.sessionCount === 0) this.#whenEmpty?.();
  }

  #sweep(): void {
    this.#sweepTimer = undefined;
    const nowMs = this.#clock.monotonicMs();
    this.#rooms.expire(nowMs);
    for (const door of this.#doors) {
      door.sessions.sweep(nowMs);
      door.sweep?.(nowMs);
    }
    if (this.sessionCount > 0) this.#sweepTimer = this.#clock.setTimer(this.#limits.sweepMs, () => this.#sweep());
  }
}
