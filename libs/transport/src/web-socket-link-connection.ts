// A link's connection over one WebSocket: between the socket's events and the engine's LinkConnection port.
//
//   paused --listen--> delivering --close, peer's close, bad frame, loss--> ending --socket gone--> closed
//
// Invariant 1: frames are delivered in order, none before `listen` and none after our own `close`.
// Invariant 2: only binary frames up to `frameBytesMax` bytes are delivered; anything else ends the connection.
// Invariant 3: `closed` is called exactly once, whoever ended the connection; a peer that does not answer the close
//              handshake cannot delay it by more than the socket's close timeout.
// Invariant 4: `drained` follows every send that left `bufferedBytes` at or above the low mark, once it is below again.

import { assert, type ErrorCode } from '@anabranch/base';
import type { LinkConnection, LinkConnectionListener } from '@anabranch/engine';
import { WebSocket } from 'ws';
import { closeCodeOf, closeReasonOf, type LinkClose, linkCloseOf } from './close-codes.ts';
import { compressBytesMin } from './link-socket-options.ts';

export class WebSocketLinkConnection implements LinkConnection {
  /** Bytes waiting to be sent below which a sender that had paused is woken. */
  static readonly bufferedBytesLow: number = 256 << 10;

  readonly remoteAddress: string;
  readonly #socket: WebSocket;
  #listener: LinkConnectionListener | undefined;
  #isAboveLowMark = false;
  #isClosed = false;
  /** Why it ended, as far as we know it from our side. */
  #ending: LinkClose | undefined;

  /** Takes over an open socket. */
  constructor(socket: WebSocket, remoteAddress: string) {
    this.#socket = socket;
    this.remoteAddress = remoteAddress;
    socket.binaryType = 'nodebuffer';
    socket.pause();
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', (code, reason) => this.#closed(linkCloseOf(code, reason.toString())));
  }

  get bufferedBytes(): number {
    return this.#socket.readyState === WebSocket.OPEN ? this.#socket.bufferedAmount : 0;
  }

  listen(listener: LinkConnectionListener): void {
    assert(this.#listener === undefined, 'a connection has one listener');
    this.#listener = listener;
    if (this.#isClosed) this.#announceClosed(listener);
    else this.#socket.resume();
  }

  send(frame: Uint8Array): void {
    if (this.#ending !== undefined || this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(frame, { binary: true, compress: frame.length >= compressBytesMin }, () => this.#sent());
    if (this.bufferedBytes >= WebSocketLinkConnection.bufferedBytesLow) this.#isAboveLowMark = true;
  }

  close(code: ErrorCode | 'normal', reason: string): void {
    if (this.#ending !== undefined) return;
    this.#ending = { code, reason };
    this.#socket.resume();
    this.#socket.close(closeCodeOf(code), closeReasonOf(reason));
  }

  #receive(data: WebSocket.RawData, isBinary: boolean): void {
    if (this.#ending !== undefined || this.#listener === undefined) return;
    if (isBinary && Buffer.isBuffer(data)) this.#listener.receiveFrame(data);
    else this.close('frame_invalid', 'a link carries binary frames only');
  }

  #sent(): void {
    if (!this.#isAboveLowMark || this.bufferedBytes >= WebSocketLinkConnection.bufferedBytesLow) return;
    this.#isAboveLowMark = false;
    if (this.#ending === undefined) this.#listener?.drained();
  }

  /** The socket failed: a frame against RFC 6455 or the limits, or the network. It closes by itself. */
  #fail(error: Error): void {
    const isProtocolError = 'code' in error && typeof error.code === 'string' && error.code.startsWith('WS_ERR_');
    this.#ending ??= { code: isProtocolError ? 'frame_invalid' : 'lost', reason: error.message };
  }

  #closed(close: LinkClose): void {
    this.#isClosed = true;
    this.#ending ??= close;
    if (this.#listener !== undefined) this.#announceClosed(this.#listener);
  }

  #announceClosed(listener: LinkConnectionListener): void {
    const { code, reason } = this.#ending ?? { code: 'lost', reason: '' };
    listener.closed(code, reason);
  }
}
