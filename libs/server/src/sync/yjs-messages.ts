// The messages of the y-websocket protocol (y-protocols 1.0, PROTOCOL.md), one per WebSocket message:
//
//   0 sync             0 | 0 | state vector, sized     step 1: here is what I have
//                      0 | 1 | update, sized           step 2: here is what you lack
//                      0 | 2 | update, sized           an edit
//   1 awareness        1 | awareness update, sized
//   3 query awareness  3
//   100 token          100 | session token, text       to clients that asked for tokens, and only to these: of our own
//
// Invariant 1: a message is read to its last byte; anything else is `frame_invalid`, before anything is allocated for it.
// Invariant 2: the size of a message is bounded by the socket, that of an update by the replica.

import { AnabranchError } from '@anabranch/base';
import { awarenessBytesMax, BoundedReader, ByteWriter, frameInvalid } from '@anabranch/protocol';

export type YjsMessage =
  | { readonly type: 'syncStep1'; readonly stateVector: Uint8Array }
  | { readonly type: 'syncStep2'; readonly update: Uint8Array }
  | { readonly type: 'update'; readonly update: Uint8Array }
  | { readonly type: 'awareness'; readonly update: Uint8Array }
  | { readonly type: 'queryAwareness' };

const messageTypes = { sync: 0, awareness: 1, queryAwareness: 3, token: 100 } as const;
const syncTypes = { step1: 0, step2: 1, update: 2 } as const;

/** Bytes of an awareness update: as a message it still fits what links relay. */
export const awarenessUpdateBytesMax: number = awarenessBytesMax - 8;

/** Asks other sessions who is there. */
export const queryAwarenessMessage: Uint8Array = Uint8Array.of(messageTypes.queryAwareness);

/** An awareness update about nobody: it tells a y-websocket client that the server lives. */
export const emptyAwarenessMessage: Uint8Array = encodeAwarenessMessage(Uint8Array.of(0));

/** @throws AnabranchError `frame_invalid`, `request_too_large`. */
export function decodeYjsMessage(message: Uint8Array): YjsMessage {
  const reader = new BoundedReader(message);
  const decoded = readMessage(reader);
  reader.end();
  return decoded;
}

function readMessage(reader: BoundedReader): YjsMessage {
  switch (reader.uint()) {
    case messageTypes.sync:
      return readSync(reader);
    case messageTypes.awareness:
      return { type: 'awareness', update: readAwarenessUpdate(reader) };
    case messageTypes.queryAwareness:
      return { type: 'queryAwareness' };
    default:
      throw frameInvalid('an unknown type of message');
  }
}

function readSync(reader: BoundedReader): YjsMessage {
  switch (reader.uint()) {
    case syncTypes.step1:
      return { type: 'syncStep1', stateVector: reader.sizedBytes(reader.remaining) };
    case syncTypes.step2:
      return { type: 'syncStep2', update: reader.sizedBytes(reader.remaining) };
    case syncTypes.update:
      return { type: 'update', update: reader.sizedBytes(reader.remaining) };
    default:
      throw frameInvalid('an unknown step of synchronisation');
  }
}

function readAwarenessUpdate(reader: BoundedReader): Uint8Array {
  const update = reader.sizedBytes(reader.remaining);
  if (update.length <= awarenessUpdateBytesMax) return update;
  throw new AnabranchError('request_too_large', `an awareness update takes at most ${awarenessUpdateBytesMax} bytes`);
}

export function encodeSyncStep1(stateVector: Uint8Array): Uint8Array {
  return new ByteWriter().uint(messageTypes.sync).uint(syncTypes.step1).sizedBytes(stateVector).finish();
}

export function encodeSyncStep2(update: Uint8Array): Uint8Array {
  return new ByteWriter().uint(messageTypes.sync).uint(syncTypes.step2).sizedBytes(update).finish();
}

export function encodeUpdate(update: Uint8Array): Uint8Array {
  return new ByteWriter().uint(messageTypes.sync).uint(syncTypes.update).sizedBytes(update).finish();
}

export function encodeToken(token: string): Uint8Array {
  return new ByteWriter().uint(messageTypes.token).text(token).finish();
}

export function encodeAwarenessMessage(update: Uint8Array): Uint8Array {
  return new ByteWriter().uint(messageTypes.awareness).sizedBytes(update).finish();
}
