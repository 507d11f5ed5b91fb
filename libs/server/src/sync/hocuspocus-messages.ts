// The messages of Hocuspocus providers (@hocuspocus/provider 4.8), one per WebSocket message. Those about a document begin with
// its address, so that one socket carries many; `session` tells two providers of one document on one socket apart:
//
//   address, text = document [ 0x00 session ]
//     0, 1, 3           synchronisation and awareness, as in yjs-messages.ts
//     2 authentication  2 | 0 | token, text [ | version of the client, text ]    client
//                       2 | 1 | reason, text              refused                 region
//                       2 | 2 | "read-write", text        admitted                region
//     5 stateless       5 | payload, text                 client: means something to applications only, passed over
//     7 close           7                                 client: done with the document
//                       7 | reason, text                  region
//     8 sync status     8 | 1                             region: one change that the client counts is synced
//   9 ping, 10 pong     either; the whole message is this byte
//
// Invariant 1: a message is read to its last byte; anything else is `frame_invalid`, before anything is allocated for it.
// Invariant 2: the token is checked for its form and dropped: it reaches no log.

import { concatBytes, encodeUtf8 } from '@anabranch/base';
import { BoundedReader, ByteWriter, frameInvalid } from '@anabranch/protocol';
import { decodeYjsMessage, type YjsMessage } from './yjs-messages.ts';

export type HocuspocusMessage =
  | YjsMessage
  | { readonly type: 'authentication' }
  | { readonly type: 'stateless' }
  | { readonly type: 'close' };

export type HocuspocusEnvelope =
  | { readonly type: 'ping' }
  | { readonly type: 'pong' }
  | { readonly type: 'addressed'; readonly address: string; readonly body: Uint8Array };

const messageTypes = {
  sync: 0,
  awareness: 1,
  auth: 2,
  queryAwareness: 3,
  stateless: 5,
  close: 7,
  syncStatus: 8,
  ping: 9,
  pong: 10,
} as const;
const authTypes = { token: 0, denied: 1, authenticated: 2 } as const;

const addressBytesMax = 1_024;
const tokenBytesMax = 64 << 10;
const clientVersionBytesMax = 256;

export const pingMessage: Uint8Array = Uint8Array.of(messageTypes.ping);
export const pongMessage: Uint8Array = Uint8Array.of(messageTypes.pong);

/** Whom a message is about; what it says is not looked at. @throws AnabranchError `frame_invalid`. */
export function openEnvelope(message: Uint8Array): HocuspocusEnvelope {
  if (message.length === 1) {
    if (message[0] === messageTypes.ping) return { type: 'ping' };
    if (message[0] === messageTypes.pong) return { type: 'pong' };
  }
  const reader = new BoundedReader(message);
  const address = reader.text(addressBytesMax);
  return { type: 'addressed', address, body: reader.bytes(reader.remaining) };
}

/** True for the only message by which a document is opened. */
export function isAuthentication(body: Uint8Array): boolean {
  return body[0] === messageTypes.auth;
}

/** @throws AnabranchError `frame_invalid`, `request_too_large`. */
export function decodeHocuspocusMessage(body: Uint8Array): HocuspocusMessage {
  const reader = new BoundedReader(body);
  switch (reader.uint()) {
    case messageTypes.sync:
    case messageTypes.awareness:
    case messageTypes.queryAwareness:
      return decodeYjsMessage(body);
    case messageTypes.auth:
      return readAuthentication(reader);
    case messageTypes.stateless:
      reader.sizedBytes(reader.remaining);
      reader.end();
      return { type: 'stateless' };
    case messageTypes.close:
      reader.end();
      return { type: 'close' };
    default:
      throw frameInvalid('an unknown type of message');
  }
}

function readAuthentication(reader: BoundedReader): HocuspocusMessage {
  if (reader.uint() !== authTypes.token) throw frameInvalid('a client sends a token');
  reader.text(tokenBytesMax);
  if (reader.remaining > 0) reader.text(clientVersionBytesMax);
  reader.end();
  return { type: 'authentication' };
}

/** What the region says about one document to one provider. */
export class HocuspocusAddress {
  readonly #prefix: Uint8Array;
  /** One change that the client counts is synced. */
  readonly synced: Uint8Array;

  constructor(address: string) {
    this.#prefix = new ByteWriter().sizedBytes(encodeUtf8(address)).finish();
    this.synced = this.message(Uint8Array.of(messageTypes.syncStatus, 1));
  }

  /** A message of the y-websocket protocol as one of this. */
  message(yjsMessage: Uint8Array): Uint8Array {
    return concatBytes([this.#prefix, yjsMessage]);
  }

  admitted(): Uint8Array {
    return this.message(new ByteWriter().uint(messageTypes.auth).uint(authTypes.authenticated).text('read-write').finish());
  }

  refused(reason: string): Uint8Array {
    return this.message(new ByteWriter().uint(messageTypes.auth).uint(authTypes.denied).text(reason).finish());
  }

  closed(reason: string): Uint8Array {
    return this.message(new ByteWriter().uint(messageTypes.close).text(reason).finish());
  }
}
