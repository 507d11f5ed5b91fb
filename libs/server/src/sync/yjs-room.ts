// Who is at one Yjs document in this region, and what is known of their awareness.
//
// Awareness crosses sessions and regions as whole y-websocket messages: an awareness update, or the question who is there,
// which one session per region answers.

import type { AwarenessTable } from './awareness-table.ts';
import { decodeAwareness } from './awareness-table.ts';
import type { SyncLimits } from './sync-limits.ts';
import { decodeYjsMessage } from './yjs-messages.ts';

export class YjsRoom {
  readonly members = new Set<object>();
  readonly awareness: AwarenessTable;
  readonly #limits: SyncLimits;
  /** The message relayed last and what came of it: every session of the room is told, one of them looks. */
  #lastRelayed: { readonly message: Uint8Array; readonly asksWhoIsThere: boolean } | undefined;

  constructor(awareness: AwarenessTable, limits: SyncLimits) {
    this.awareness = awareness;
    this.#limits = limits;
  }

  /**
   * Takes a message relayed from another session or region.
   * @returns true when it asks who is there, false when it is news for the client.
   * @throws AnabranchError when a peer relayed what no session would.
   */
  takeRelayed(message: Uint8Array, nowMs: number): boolean {
    if (this.#lastRelayed?.message !== message) {
      const decoded = decodeYjsMessage(message);
      if (decoded.type === 'awareness') this.awareness.merge(decodeAwareness(decoded.update, this.#limits), undefined, nowMs);
      this.#lastRelayed = { message, asksWhoIsThere: decoded.type === 'queryAwareness' };
    }
    return this.#lastRelayed.asksWhoIsThere;
  }

  /** True for the one that speaks for the room. */
  isSpeaker(member: object): boolean {
    return this.members.values().next().value === member;
  }
}
