// What a client asks of a node, read from the body of its message: pure, so that what is refused is decided before anything
// happens.

import type { JsonValue } from '@anabranch/base';
import type { DocumentOp } from '@anabranch/crdt';
import { type DocumentId, parseDocumentId } from '@anabranch/protocol';
import { ErrorReply, errorCode } from '../wire/error-reply.ts';
import type { Body } from '../wire/message.ts';
import type { Workload } from '../wire/workload.ts';

export type Request =
  | { readonly kind: 'edit'; readonly document: DocumentId; readonly op: DocumentOp }
  | { readonly kind: 'read'; readonly document: DocumentId; readonly field: string }
  /** Links go to all nodes and relay what cannot come directly: a topology is noted and changes nothing. */
  | { readonly kind: 'topology' };

/** The documents of the workloads: one set, one counter. */
export const setDocument: DocumentId = parseDocumentId('sets/all');
const counterDocument: DocumentId = parseDocumentId('counters/all');
export const setField = 'values';
export const counterField = 'total';

/** @throws ErrorReply for a request that the workload does not know, or that is malformed. */
export function requestOf(workload: Workload, body: Body): Request {
  const isCounter = workload === 'g-counter' || workload === 'pn-counter';
  switch (body.type) {
    case 'read':
      return isCounter
        ? { kind: 'read', document: counterDocument, field: counterField }
        : { kind: 'read', document: setDocument, field: setField };
    case 'topology':
      if (workload === 'broadcast') return { kind: 'topology' };
      break;
    case 'broadcast':
      if (workload === 'broadcast') return addElement(body, 'message');
      break;
    case 'add':
      if (isCounter) return addDelta(body['delta'], workload);
      if (workload === 'g-set') return addElement(body, 'element');
      break;
  }
  throw new ErrorReply(errorCode.notSupported, `${workload} has no request ${JSON.stringify(body.type)}`);
}

function addElement(body: Body, key: 'message' | 'element'): Request {
  const value = body[key];
  if (value === undefined) throw malformed(`${key} is missing`);
  // Values come from JSON, so they are JSON; their size and depth are for the document to judge.
  return { kind: 'edit', document: setDocument, op: { op: 'add', path: `/${setField}`, value: value as JsonValue } };
}

function addDelta(delta: unknown, workload: Workload): Request {
  if (typeof delta !== 'number' || !Number.isSafeInteger(delta)) throw malformed('delta is no integer');
  if (workload === 'g-counter' && delta < 0) throw malformed('delta is negative');
  return { kind: 'edit', document: counterDocument, op: { op: 'increment', path: `/${counterField}`, by: delta } };
}

function malformed(text: string): ErrorReply {
  return new ErrorReply(errorCode.malformedRequest, text);
}
