// Who is at one Yjs document in this region, and what is known of their awareness.
//
// Awareness crosses sessions and regions as whole y-websocket messages: an awareness update, or the question who is there,
// which one session per region answers.

import { frameInvalid } from '@anabranch/protocol';
import type { AwarenessTable } from './awareness-table.ts';
import { decodeAwareness } from './awareness-table.ts';
import type { SyncLimits } from './sync-limits.ts';
import { decodeYjsMessage } from './yjs-messages.ts';

export class YjsRoom {
  readonly members = new Set<object>();
  readonly awareness: AwarenessTable;
  readonly #limits: SyncLimits;
  /** The message relayed last and what it says: every session of the room is told, one of them looks. */
  #lastRelayed: { readonly message: Uint8Array; readonly update: Uint8Array | undefined } | undefined;

  constructor(awareness: AwarenessTable, limits: SyncLimits) {
    this.awareness = awareness;
    this.#limits = limits;
  }

  /**
   * Takes a message relayed from another session or region.
   * @returns the awareness update that is news for the clients; undefined when it asks who is there.
   * @throws AnabranchError when a peer relayed what no session would.
   */
  takeRelayed(message: Uint8Array, nowMs: number): Uint8Array | undefined {
    if (this.#lastRelayed?.message !== message) {
      const decoded = decodeYjsMessage(message);
      if (decoded.type !== 'awareness' && decoded.type !== 'queryAwareness') throw frameInvalid('not a message about awareness');
      const update = decoded.type === 'awareness' ? decoded.update : undefined;
      if (update !== undefined) this.awareness.merge(decodeAwareness(update, this.#limits), undefined, nowMs);
      this.#lastRelayed = { message, update };
    }
    return this.#lastRelayed.update;
  }

  /** True for the one that speaks for the room. */
  isSpeaker(member: object): boolean {
    return this.members.values().next().value === member;
  }
}
