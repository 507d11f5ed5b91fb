// The rooms of all Yjs documents that have sessions, whatever door these came in by: clients of different protocols at one
// document are in one room.
//
// Invariant: a room exists exactly while somebody is in it.

import type { DocumentId } from '@anabranch/protocol';
import { AwarenessTable } from './awareness-table.ts';
import type { SyncLimits } from './sync-limits.ts';
import { YjsRoom } from './yjs-room.ts';

export class YjsRooms {
  readonly #limits: SyncLimits;
  readonly #rooms = new Map<DocumentId, YjsRoom>();

  constructor(limits: SyncLimits) {
    this.#limits = limits;
  }

  enter(document: DocumentId, member: object): YjsRoom {
    const room = this.#rooms.get(document) ?? new YjsRoom(new AwarenessTable(this.#limits), this.#limits);
    this.#rooms.set(document, room);
    room.members.add(member);
    return room;
  }

  leave(document: DocumentId, member: object): void {
    const room = this.#rooms.get(document);
    room?.members.delete(member);
    if (room?.members.size === 0) this.#rooms.delete(document);
  }

  /** Forgets who was not heard of for long. */
  expire(nowMs: number): void {
    for (const room of this.#rooms.values()) room.awareness.expire(nowMs);
  }
}
