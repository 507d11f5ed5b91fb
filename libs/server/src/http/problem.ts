// Errors as problem details (RFC 9457): `type` and `code` name an entry of the error registry, which also gives the status;
// what the entry says in general is the title, what happened here the detail. Unexpected errors say nothing of themselves.

import { AnabranchError, type ErrorCode } from '@anabranch/base';
import type { DoorResponse } from './door-request.ts';
import { mediaTypes, patchTypes } from './media-type.ts';

export interface Problem {
  readonly type: string;
  readonly code: ErrorCode;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly [extension: string]: unknown;
}

/** What a client waits before it asks again. */
const retryAfterSeconds = 1;

/** The expected failure itself, or for anything else an `internal_error` without its cause: the caller logs that. */
export function expectedFailure(error: unknown): AnabranchError {
  return error instanceof AnabranchError ? error : new AnabranchError('internal_error', 'the request met a defect of the region');
}

export function problemOf(error: AnabranchError): Problem {
  const { status, title } = error.entry;
  const members = { type: `urn:anabranch:error:${error.code}`, code: error.code, title, status, detail: error.message };
  // Details come after the standard members, and never in their place.
  return { ...members, ...error.details, ...members };
}

export function problemResponse(error: AnabranchError): DoorResponse {
  const headers: Record<string, string> = { 'content-type': mediaTypes.problem, 'cache-control': 'no-store' };
  if (error.entry.status === 503) headers['retry-after'] = String(retryAfterSeconds);
  if (error.code === 'content_type_unsupported') headers['accept-patch'] = patchTypes.join(', ');
  const { allow, sessionToken } = error.details;
  if (error.code === 'method_not_allowed' && Array.isArray(allow)) headers['allow'] = allow.join(', ');
  if (typeof sessionToken === 'string') headers['anabranch-session'] = sessionToken;
  return { status: error.entry.status, headers, body: JSON.stringify(problemOf(error)) };
}
