// What a client asks for in the query of a sync address: `session`, a token that the region must cover before the session
// begins, and `tokens=true`, to be told tokens (y-websocket only). Clients put their own parameters there too: nothing else of
// the query is read, and nothing of it reaches a log.
//
//   upgrade --> [session given: paused, waits until covered] --> open
//                                  \--time is up--> closed: not_yet_visible
//
// Invariant 1: a session that was asked to show at least a token shows nothing older, from its first message on.
// Invariant 2: while it waits nothing of what the client sends is read or lost, and the wait is bounded.

import type { IncomingMessage } from 'node:http';
import { AnabranchError } from '@anabranch/base';
import { decodeSessionToken, type VersionVector } from '@anabranch/causality';
import { WebSocket } from 'ws';
import { closeGoingAway } from './session-close.ts';
import type { SyncDoorParts } from './sync-door-parts.ts';

export interface SessionDemand {
  readonly minVersion: VersionVector | undefined;
  /** Tell the client tokens as it goes. */
  readonly wantsTokens: boolean;
}

/** @throws AnabranchError `session_token_invalid`. */
export function sessionDemandOf(request: IncomingMessage): SessionDemand {
  const mark = request.url?.indexOf('?') ?? -1;
  const query = new URLSearchParams(mark < 0 ? '' : request.url?.slice(mark));
  const tokens = query.getAll('session');
  if (tokens.length > 1) throw new AnabranchError('session_token_invalid', 'a session token is given twice');
  const [token] = tokens;
  return { minVersion: token === undefined ? undefined : decodeSessionToken(token), wantsTokens: query.get('tokens') === 'true' };
}

/** The sockets of a door whose clients have seen more than the region shows yet. */
export class WaitingSockets {
  readonly #parts: SyncDoorParts;
  readonly #waiting = new Set<WebSocket>();

  constructor(parts: SyncDoorParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#waiting.size;
  }

  /** Closes all because the region stops. */
  goAway(): void {
    for (const socket of this.#waiting) {
      socket.resume();
      socket.close(closeGoingAway, 'the region stops');
    }
  }

  /** Opens the session once the region covers the token, unless its client has gone. @throws AnabranchError `not_yet_visible`, `overloaded`. */
  async openWhenCovered(socket: WebSocket, minVersion: VersionVector, open: () => void): Promise<void> {
    const { limits, onWaited, replica } = this.#parts;
    this.#waiting.add(socket);
    // For good: a socket that is told that the region stops has no session, and may bring noise until it is gone.
    socket.on('error', () => {});
    const whenGone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.pause();
    try {
      await Promise.race([replica.whenVisible({ minVersion, waitMsMax: limits.sessionWaitMsMax }), whenGone]);
      if (socket.readyState === WebSocket.OPEN) open();
    } finally {
      socket.resume();
      this.#waiting.delete(socket);
      onWaited();
    }
  }
}
