// What every route that writes reads of a request besides the change and its concern (write-settlement.ts).

import { encodeUtf8, type Hash } from '@anabranch/base';
import type { EditRequest } from '@anabranch/engine';
import { type Idempotency, requestDigestLength } from '@anabranch/protocol';
import type { DoorParts } from '../door-parts.ts';
import type { DoorRequest } from '../http/door-request.ts';
import { readField, readSession, readTrace } from '../http/fields.ts';

export const writeErrors = [
  'document_id_invalid',
  'session_token_invalid',
  'write_concern_invalid',
  'collection_not_found',
  'precondition_failed',
  'idempotency_key_reused',
  'not_yet_visible',
  'not_ready',
  'store_failed',
  'store_full',
  'record_damaged',
  'document_quarantined',
  'view_unavailable',
] as const;

export function writeOptions({ hash, limits }: DoorParts, request: DoorRequest, mediaType: string): Omit<EditRequest, 'document' | 'plan'> {
  const minVersion = readSession(request.headers);
  const trace = readTrace(request.headers);
  const key = readField(request.headers, 'idempotency-key', 'request_malformed');
  return {
    ...(minVersion && { minVersion, waitMsMax: limits.readWaitMsMax }),
    ...(trace !== undefined && { trace }),
    ...(key !== undefined && { idempotency: idempotencyOf(key, request, mediaType, hash) }),
  };
}

/** The same key must come with the same request: what it stands for is part of the op. */
function idempotencyOf(key: string, request: DoorRequest, mediaType: string, hash: Hash): Idempotency {
  const head = encodeUtf8(`${request.method}\0${request.path}\0${mediaType}\0`);
  const digest = hash.sha256(Buffer.concat([head, request.body]));
  return { key, requestDigest: digest.slice(0, requestDigestLength) };
}
