// The messages of automerge-repo's WebSocket protocol, version "1" (automerge-repo 2.5, network/messages.ts), one CBOR map
// per WebSocket message:
//
//   client                                    server
//   join {senderId, supportedProtocolVersions}   -->
//                                             <-- peer {senderId, targetId, selectedProtocolVersion, peerMetadata}
//   request | sync {documentId, data}         --> what a client asks for, or has; `data` is Automerge's sync message
//                                             <-- sync {documentId, data}, doc-unavailable {documentId}
//   ephemeral {documentId, senderId, count, sessionId, data}   both ways, never stored
//
// Everything else (gossip about the heads of other storages, for example) needs no answer: kinds of messages that this
// release does not know are passed over, as automerge-repo does.
//
// Invariant 1: a message that is read has every member of its kind, within the limits; what it lacks is `frame_invalid`.

import { AnabranchError } from '@anabranch/base';
import { awarenessBytesMax, type DocumentId, documentIdOf, frameInvalid } from '@anabranch/protocol';
import { type CborMap, decodeCbor, encodeCbor } from './cbor.ts';

export interface EphemeralMessage {
  readonly type: 'ephemeral';
  /** Who wrote it: the client itself, or somebody it relays. */
  readonly senderId: string;
  /** With `count`, what receivers know repetitions by. */
  readonly sessionId: string;
  readonly count: number;
  readonly document: DocumentId;
  readonly data: Uint8Array;
}

export type RepoMessage =
  | { readonly type: 'join'; readonly senderId: string; readonly supportsVersion1: boolean }
  | { readonly type: 'sync' | 'request'; readonly senderId: string; readonly document: DocumentId; readonly data: Uint8Array }
  | EphemeralMessage
  | { readonly type: 'passed-over' };

const repoProtocolVersion = '1';

/** Characters of the ids that peers and sessions give themselves. */
const peerIdLengthMax = 256;

/** @throws AnabranchError `frame_invalid`, `document_id_invalid`, `request_too_large`. */
export function decodeRepoMessage(bytes: Uint8Array, collection: string): RepoMessage {
  const members = decodeCbor(bytes);
  if (!(members instanceof Map)) throw frameInvalid('it is not a map');
  const fields: CborMap = members;
  const type = textOf(fields, 'type');
  switch (type) {
    case 'join':
      return { type, senderId: textOf(fields, 'senderId'), supportsVersion1: supportsVersion1(fields) };
    case 'sync':
    case 'request':
      return { type, senderId: textOf(fields, 'senderId'), document: documentOf(fields, collection), data: bytesOf(fields) };
    case 'ephemeral':
      return ephemeralOf(fields, collection);
    default:
      return { type: 'passed-over' };
  }
}

function ephemeralOf(fields: CborMap, collection: string): EphemeralMessage {
  const data = bytesOf(fields);
  if (data.length > ephemeralBytesMax) throw new AnabranchError('request_too_large', 'an ephemeral message is too large');
  return {
    type: 'ephemeral',
    senderId: textOf(fields, 'senderId'),
    sessionId: textOf(fields, 'sessionId'),
    count: countOf(fields),
    document: documentOf(fields, collection),
    data,
  };
}

/** Bytes of the content of an ephemeral message: with everything around it, it still fits what links relay. */
const ephemeralBytesMax: number = awarenessBytesMax - 2_048;

function textOf(fields: CborMap, name: string): string {
  const value = fields.get(name);
  if (typeof value !== 'string' || value.length > peerIdLengthMax) throw frameInvalid(`${name} is no text, or too long`);
  return value;
}

function bytesOf(fields: CborMap): Uint8Array {
  const value = fields.get('data');
  if (!(value instanceof Uint8Array) || value.length === 0) throw frameInvalid('data is no bytes');
  return value;
}

function countOf(fields: CborMap): number {
  const value = fields.get('count');
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw frameInvalid('count is no number');
  return value;
}

/** One socket serves one collection: a document id is what comes after it, never a path. */
function documentOf(fields: CborMap, collection: string): DocumentId {
  return documentIdOf(collection, textOf(fields, 'documentId'));
}

function supportsVersion1(fields: CborMap): boolean {
  const versions = fields.get('supportedProtocolVersions') ?? [repoProtocolVersion];
  return Array.isArray(versions) && versions.includes(repoProtocolVersion);
}

export interface Addressed {
  readonly senderId: string;
  readonly targetId: string;
}

/** `storageId` tells clients that what they sync with is kept: they may keep what they know of it. */
export function encodePeer({ senderId, targetId }: Addressed, storageId: string): Uint8Array {
  const peerMetadata = { storageId, isEphemeral: false };
  return encodeCbor({ type: 'peer', senderId, targetId, selectedProtocolVersion: repoProtocolVersion, peerMetadata });
}

export function encodeError({ senderId, targetId }: Addressed, message: string): Uint8Array {
  return encodeCbor({ type: 'error', senderId, targetId, message });
}

export function encodeSync({ senderId, targetId }: Addressed, documentId: string, data: Uint8Array): Uint8Array {
  return encodeCbor({ type: 'sync', senderId, targetId, documentId, data });
}

export function encodeDocUnavailable({ senderId, targetId }: Addressed, documentId: string): Uint8Array {
  return encodeCbor({ type: 'doc-unavailable', senderId, targetId, documentId });
}

/** For a client, with `targetId`; for other sessions and regions, without. */
export function encodeEphemeral(message: EphemeralMessage, documentId: string, targetId?: string): Uint8Array {
  const { type, senderId, sessionId, count, data } = message;
  return encodeCbor({ type, senderId, targetId, sessionId, count, documentId, data });
}
