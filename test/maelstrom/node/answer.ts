// Answers requests from a replica: an edit is acknowledged when it is durable, a read shows what is durable here.
//
// Invariant 1: an error that is definite to the caller means that nothing was logged.

import { type ErrorCode, isAnabranchError, type JsonValue } from '@anabranch/base';
import type { ReplicaDoor } from '@anabranch/engine';
import { ErrorReply, errorCode } from '../wire/error-reply.ts';
import type { Body } from '../wire/message.ts';
import { readKeyOf, type Workload } from '../wire/workload.ts';
import { counterField, requestOf } from './request.ts';

/** Refusals that come before anything is applied, and may not come again. */
const temporary: ReadonlySet<ErrorCode> = new Set(['overloaded', 'not_ready']);
/** Refusals of what was asked: nothing is applied then. */
const refusals: ReadonlySet<ErrorCode> = new Set([
  'op_invalid',
  'value_invalid',
  'type_mismatch',
  'document_too_large',
  'request_too_large',
]);

/** The body of the reply, without ids. @throws ErrorReply. */
export async function answer(replica: ReplicaDoor, workload: Workload, body: Body): Promise<Body> {
  const request = requestOf(workload, body);
  try {
    switch (request.kind) {
      case 'topology':
        return { type: 'topology_ok' };
      case 'edit':
        await replica.edit({ document: request.document, plan: () => [request.op] });
        return { type: `${body.type}_ok` };
      case 'read': {
        const { json } = await replica.read(request.document);
        const empty: JsonValue = request.field === counterField ? 0 : [];
        return { type: 'read_ok', [readKeyOf(workload)]: json[request.field] ?? empty };
      }
    }
  } catch (error) {
    throw errorReplyOf(error);
  }
}

/** Whatever is not known to have changed nothing is indefinite. */
export function errorReplyOf(error: unknown): ErrorReply {
  if (error instanceof ErrorReply) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (isAnabranchError(error) && temporary.has(error.code)) return new ErrorReply(errorCode.temporarilyUnavailable, text);
  if (isAnabranchError(error) && refusals.has(error.code)) return new ErrorReply(errorCode.abort, text);
  return new ErrorReply(errorCode.crash, text);
}
