// POST /v1/transactions: changes to several documents, of any collections and both libraries, as one op. All are applied
// and become visible together in every region, or none is.

import { AnabranchError, type Hash, type JsonValue } from '@anabranch/base';
import { type CrdtDocument, crdtLimits, type DocumentOp } from '@anabranch/crdt';
import type { PlannedEdit, TransactionResult } from '@anabranch/engine';
import { collectionOf, type DocumentId, opWritesMax, parseDocumentId } from '@anabranch/protocol';
import { z } from 'zod';
import type { DoorParts } from '../door-parts.ts';
import { answerText } from '../http/answer-text.ts';
import type { DoorRequest, DoorResponse } from '../http/door-request.ts';
import { preconditionFailed, represent } from '../http/entity-tag.ts';
import { parseJsonBody } from '../http/json-body.ts';
import { mediaTypeOf, mediaTypes, unsupportedType } from '../http/media-type.ts';
import type { Route } from '../http/route-table.ts';
import { faultText, validate } from '../http/validate.ts';
import { opsSchema } from '../patch/patch-formats.ts';
import { viewExample, viewSchema } from './document-answers.ts';
import { writeErrors, writeOptions } from './write-options.ts';
import { demandOf, formatOpId, pendingAnswer, settle, settledFields, withSession } from './write-settlement.ts';

const writeSchema = z.strictObject({
  document: z.string().meta({ description: 'collection/id' }),
  ops: opsSchema,
  ifMatch: z
    .string()
    .max(256)
    .exactOptional()
    .meta({ description: 'The entity tag of the state that the document must be in, as If-Match; * for any that exists.' }),
});

const bodySchema = z.strictObject({
  writes: z.array(writeSchema).min(1).max(opWritesMax).meta({ description: 'Each document once.' }),
});

const answerSchema = z.strictObject({
  opId: z.string().optional().meta({ description: 'origin:seq of the op; absent when nothing changed.' }),
  documents: z.record(z.string(), viewSchema).meta({ description: 'The new views, by collection/id.' }),
});

type TransactionBody = z.infer<typeof bodySchema>;

export function transactionRoute(parts: DoorParts): Route {
  return {
    method: 'POST',
    template: '/v1/transactions',
    handle: (request) => runTransaction(parts, request),
    description: {
      operationId: 'runTransaction',
      summary: 'Changes several documents together: all or nothing here, and in every region at once.',
      requestFields: ['anabranch-session', 'anabranch-write-concern', 'idempotency-key', 'traceparent'],
      requestBody: {
        [mediaTypes.json]: {
          schema: bodySchema,
          example: {
            writes: [
              { document: 'carts/cart-1', ops: [{ op: 'increment', path: '/items/sku-1/qty', by: 2 }] },
              { document: 'orders/order-1', ops: [{ op: 'set', path: '/status', value: 'open' }] },
            ],
          },
        },
      },
      answers: {
        200: {
          description: 'The new views; the op is durable in this region, and where else its concern demands.',
          fields: settledFields,
          content: {
            [mediaTypes.json]: {
              schema: answerSchema,
              example: { opId: 'berlin.5f0c12ab90de:812', documents: { 'carts/cart-1': viewExample } },
            },
          },
        },
        202: pendingAnswer,
      },
      errors: [...writeErrors, 'content_type_unsupported'],
    },
  };
}

async function runTransaction(parts: DoorParts, request: DoorRequest): Promise<DoorResponse> {
  const mediaType = mediaTypeOf(request.headers['content-type']);
  if (mediaType !== mediaTypes.json) throw unsupportedType('a transaction', [mediaTypes.json], mediaType);
  const { writes } = readBody(parseJsonBody(request.body));
  const documents = writes.map(({ document }, writeIndex) => documentAt(document, writeIndex));
  if (new Set(documents).size < documents.length) throw new AnabranchError('op_invalid', 'a transaction names each document once');
  const planned = writes.map(({ ops, ifMatch }, at): PlannedEdit => {
    const document = documents[at] as DocumentId;
    return { document, plan: (current) => planWrite(current, { ops, ifMatch, hash: parts.hash }) };
  });
  const concern = demandOf(parts, request.headers, documents.map(collectionOf));
  const options = writeOptions(parts, request, mediaType);
  const result = await parts.replica.transact({ writes: planned, ...options }).catch((error: unknown) => {
    throw withSession(error, parts.replica, options.minVersion);
  });
  const body = bodyOf(result, documents);
  const headers = { 'content-type': mediaTypes.json };
  return settle(parts.replica, result, concern, { status: 200, headers, body: answerText(body), pendingBody: body });
}

function planWrite(
  current: CrdtDocument,
  write: { ops: readonly DocumentOp[]; ifMatch: string | undefined; hash: Hash },
): readonly DocumentOp[] {
  const { ops, ifMatch, hash } = write;
  if (ifMatch === undefined) return ops;
  const isMet = current.exists() && (ifMatch === '*' || ifMatch === represent(current.json(), hash).entityTag);
  if (isMet) return ops;
  throw preconditionFailed('ifMatch', current.exists());
}

function bodyOf({ views, opId }: TransactionResult, documents: readonly DocumentId[]) {
  const byDocument = Object.fromEntries(documents.map((document, at) => [document, views[at]?.json ?? {}]));
  return { ...(opId && { opId: formatOpId(opId) }), documents: byDocument };
}

function readBody(body: JsonValue): TransactionBody {
  const parsed = validate(bodySchema, body);
  if (parsed.success) {
    const isTooLong = parsed.data.writes.some(({ ops }) => ops.length > crdtLimits.editOpsMax);
    if (isTooLong) throw new AnabranchError('request_too_large', `a document takes at most ${crdtLimits.editOpsMax} operations`);
    return parsed.data;
  }
  const [issue] = parsed.error.issues;
  const [, writeIndex, , opIndex] = issue?.path ?? [];
  if (issue?.code === 'too_big' && issue.path.length === 1) {
    throw new AnabranchError('request_too_large', `a transaction writes at most ${opWritesMax} documents`);
  }
  throw new AnabranchError('op_invalid', faultText(parsed.error, 'the body'), {
    ...(typeof writeIndex === 'number' && { writeIndex }),
    ...(typeof opIndex === 'number' && { opIndex }),
  });
}

function documentAt(document: string, writeIndex: number): DocumentId {
  try {
    return parseDocumentId(document);
  } catch (error) {
    if (!(error instanceof AnabranchError)) throw error;
    throw new AnabranchError(error.code, error.message, { writeIndex });
  }
}
