// The header fields that requests may carry and answers do, each with the schema that validates it.

import type { IncomingHttpHeaders } from 'node:http';
import { AnabranchError, type ErrorCode } from '@anabranch/base';
import { decodeSessionToken, encodeSessionToken, type SessionToken, tokenLengthMax, type VersionVector } from '@anabranch/causality';
import { idempotencyKeyLengthMax } from '@anabranch/protocol';
import { z } from 'zod';
import { faultText, validate } from './validate.ts';

/** Characters of a concern. */
export const concernLengthMax = 2_400;

export const requestFields = {
  'anabranch-session': z
    .string()
    .max(tokenLengthMax)
    .regex(/^[A-Za-z0-9_-]+$/)
    .meta({ description: 'A session token: the answer shows at least what its holder has seen.' }),
  'anabranch-write-concern': z
    .string()
    .max(concernLengthMax)
    .regex(/^[\x20-\x7e]+$/)
    .meta({
      description:
        'Where the write must be durable before the answer: `local` (default), a number of regions, `majority`, `all`, or names ' +
        'of regions separated by commas; `; level=durable` or `applied` (one acknowledgement meets both), `; timeout=800ms` ' +
        '(5 s unless given, at most 60 s). Wins over the default of the collection.',
      example: 'majority; timeout=800ms',
    }),
  'anabranch-read-concern': z
    .string()
    .max(concernLengthMax)
    .regex(/^[\x20-\x7e]+$/)
    .meta({
      description:
        'How recent the answer must be: `local`, `session` (the default when a token is presented), `bounded; maxLag=500ms`, or ' +
        '`majority`: everything that a majority of regions had acknowledged before; `; timeout=2s` (at most 60 s).',
      example: 'bounded; maxLag=500ms',
    }),
  'idempotency-key': z
    .string()
    .max(idempotencyKeyLengthMax)
    .regex(/^[\x21-\x7e]+$/)
    .meta({
      description:
        'Makes the write happen once in the mesh as soon as its op has arrived: two regions that take the same key before they ' +
        'have heard of each other both apply it, which the session token of the first answer, sent along, avoids. Keys are ' +
        'mesh-wide: the same key with another request, also for another document, is 422 `idempotency_key_reused`.',
    }),
  'if-match': z.string().meta({ description: 'Entity tags (RFC 9110): refuse the write when the document is in another state.' }),
  'if-none-match': z.string().meta({
    description: 'Entity tags (RFC 9110): answer 304 when the reader has the current state; * on a write refuses an existing document.',
  }),
  'last-event-id': z
    .string()
    .max(tokenLengthMax)
    .regex(/^[A-Za-z0-9_-]+$/)
    .meta({ description: 'The id of the last event received: a session token.' }),
  traceparent: z.string().meta({ description: 'W3C trace context; travels with the op to the other regions.' }),
} as const;

export type RequestField = keyof typeof requestFields;

export const responseFields = {
  'anabranch-session': 'The session token of what the answer shows.',
  'anabranch-op': 'The id of the write, origin:seq; absent when nothing changed. `GET /v1/writes/{opId}` tells who has it.',
  'anabranch-acknowledged': 'The regions that hold the write durably, separated by commas.',
  location: 'Where to ask later who has the write.',
  etag: 'A strong entity tag of the JSON view, equal in all regions.',
  'idempotency-replayed': '`true` when the idempotency key was known and nothing was applied again.',
} as const;

export type ResponseField = keyof typeof responseFields;

/** A field that is present and valid, or undefined when it is absent. @throws AnabranchError of the given code. */
export function readField(headers: IncomingHttpHeaders, name: RequestField, code: ErrorCode): string | undefined {
  const field = headers[name];
  if (field === undefined) return undefined;
  const parsed = validate<string>(requestFields[name], field);
  if (parsed.success) return parsed.data;
  throw new AnabranchError(code, faultText(parsed.error, name));
}

/** What the session token of a request requires. @throws AnabranchError `session_token_invalid`. */
export function readSession(headers: IncomingHttpHeaders): VersionVector | undefined {
  const token = readField(headers, 'anabranch-session', 'session_token_invalid');
  return token === undefined ? undefined : decodeSessionToken(token);
}

const tokens = new WeakMap<VersionVector, SessionToken>();

/** The session token of a vector. The answers to all writes of one commit carry the same vector: it is encoded once. */
export function sessionTokenOf(version: VersionVector): SessionToken {
  const known = tokens.get(version);
  if (known !== undefined) return known;
  const token = encodeSessionToken(version);
  tokens.set(version, token);
  return token;
}

const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace context; as W3C demands, a malformed one is ignored. */
export function readTrace(headers: IncomingHttpHeaders): string | undefined {
  const field = headers['traceparent'];
  return typeof field === 'string' && traceparentPattern.test(field) ? field : undefined;
}
