// A message connection between two replicas, as the engine sees it: ordered, reliable while it lasts, and nothing is known
// of what was in flight when it ends. Transports implement it over WebSocket, the simulator over a simulated network.

import type { ErrorCode } from '@anabranch/base';

export interface LinkConnectionListener {
  receiveFrame(frame: Uint8Array): void;
  /** The bytes waiting to be sent fell below the transport's low mark. */
  drained(): void;
  /** Called exactly once, also after our own close; with what the peer said when it was the one who closed. */
  closed(code: LinkEnd['code'], reason: string): void;
}

export interface LinkConnection {
  /** Where the frames come from and go to, for logs. */
  readonly remoteAddress: string;
  /** Bytes handed to {@link send} and not yet given to the network. */
  readonly bufferedBytes: number;
  /** Starts delivery; called once. */
  listen(listener: LinkConnectionListener): void;
  send(frame: Uint8Array): void;
  /** Ends the connection; `code` tells the peer why. Sending afterwards does nothing. */
  close(code: ErrorCode | 'normal', reason: string): void;
}

/** Which side opened the connection. */
export type LinkRole = 'dialer' | 'acceptor';

/** One end of a link, from handshake to close. */
export interface PeerLinkHandle {
  /** Resolves when the connection has ended, never rejects. */
  readonly whenClosed: Promise<LinkEnd>;
  /** The peer has proven itself, and the connection has not ended. */
  readonly isEstablished: boolean;
  close(): void;
}

export interface LinkEnd {
  readonly code: ErrorCode | 'normal' | 'lost';
  readonly reason: string;
  /** The handshake had succeeded: the next dial need not back off further. */
  readonly wasEstablished: boolean;
}
