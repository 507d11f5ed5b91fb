// PATCH and DELETE. The patch is parsed and validated first; preconditions are checked and operations planned inside the
// edit, against the very document they are applied to, so nothing can come between the check and the write.

import type { IncomingHttpHeaders } from 'node:http';
import { AnabranchError, type Hash } from '@anabranch/base';
import type { CrdtDocument, DocumentOp } from '@anabranch/crdt';
import type { EditResult } from '@anabranch/engine';
import type { DoorParts } from '../door-parts.ts';
import type { DoorRequest, DoorResponse } from '../http/door-request.ts';
import { checkPreconditions, preconditionFailed, represent } from '../http/entity-tag.ts';
import { mediaTypeOf, mediaTypes } from '../http/media-type.ts';
import type { Route } from '../http/route-table.ts';
import { jsonPatchSchema, mergePatchSchema, opsSchema, planPatch } from '../patch/patch-formats.ts';
import { collectionOf, documentOf } from './document-address.ts';
import { viewExample, viewSchema } from './document-answers.ts';
import { writeErrors, writeOptions } from './write-options.ts';
import { demandOf, pendingAnswer, settle, settledFields, withSession } from './write-settlement.ts';

const writeFields = [
  'anabranch-session',
  'anabranch-write-concern',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'traceparent',
] as const;
export function patchDocumentRoute(parts: DoorParts): Route {
  return {
    method: 'PATCH',
    template: '/v1/docs/{collection}/{id}',
    handle: (request) => patchDocument(parts, request),
    description: {
      operationId: 'patchDocument',
      summary: 'Changes a document, all or nothing.',
      requestFields: writeFields,
      requestBody: {
        [mediaTypes.ops]: { schema: opsSchema, example: [{ op: 'increment', path: '/items/sku-1/qty', by: 2 }] },
        [mediaTypes.mergePatch]: { schema: mergePatchSchema, example: { status: 'open', items: { 'sku-2': null } } },
        [mediaTypes.jsonPatch]: {
          schema: jsonPatchSchema,
          example: [
            { op: 'test', path: '/status', value: 'open' },
            { op: 'replace', path: '/status', value: 'ordered' },
          ],
        },
      },
      answers: {
        200: {
          description: 'The new JSON view; the write is durable in this region, and where else its concern demands.',
          fields: ['etag', ...settledFields],
          content: { [mediaTypes.json]: { schema: viewSchema, example: viewExample } },
        },
        202: pendingAnswer,
      },
      errors: [
        ...writeErrors,
        'content_type_unsupported',
        'op_invalid',
        'path_unknown',
        'type_mismatch',
        'index_out_of_range',
        'value_invalid',
        'insufficient_rights',
        'patch_test_failed',
        'document_too_large',
      ],
    },
  };
}

export function deleteDocumentRoute(parts: DoorParts): Route {
  return {
    method: 'DELETE',
    template: '/v1/docs/{collection}/{id}',
    handle: (request) => deleteDocument(parts, request),
    description: {
      operationId: 'deleteDocument',
      summary: 'Removes what this region sees of a document; edits made concurrently elsewhere survive.',
      requestFields: writeFields,
      answers: { 204: { description: 'Removed.', fields: settledFields }, 202: pendingAnswer },
      errors: [...writeErrors, 'document_not_found', 'type_mismatch'],
    },
  };
}

async function patchDocument(parts: DoorParts, request: DoorRequest): Promise<DoorResponse> {
  const document = documentOf(request, parts.replica);
  const { name, schema } = collectionOf(request, parts.replica);
  const mediaType = mediaTypeOf(request.headers['content-type']);
  const planOf = planPatch(mediaType, schema, request.body, parts.clock);
  let entryOf: readonly number[] | undefined;
  const plan = (current: CrdtDocument): readonly DocumentOp[] => {
    requirePreconditions(request.headers, current, parts.hash);
    const planned = planOf(current.json());
    entryOf = planned.entryOf;
    return planned.ops;
  };
  const concern = demandOf(parts, request.headers, [name]);
  const options = writeOptions(parts, request, mediaType ?? '');
  let result: EditResult;
  try {
    result = await parts.replica.edit({ document, plan, ...options });
  } catch (error) {
    throw withSession(entryOf === undefined ? error : atEntry(error, entryOf), parts.replica, options.minVersion);
  }
  const { body, entityTag } = represent(result.json, parts.hash);
  const headers = { 'content-type': mediaTypes.json, etag: entityTag };
  return settle(parts.replica, result, concern, { status: 200, headers, body, pendingBody: { view: result.json } });
}

async function deleteDocument(parts: DoorParts, request: DoorRequest): Promise<DoorResponse> {
  const document = documentOf(request, parts.replica);
  const plan = (current: CrdtDocument): readonly DocumentOp[] => {
    requirePreconditions(request.headers, current, parts.hash);
    if (!current.exists()) throw new AnabranchError('document_not_found', 'the document holds nothing in this region');
    return [{ op: 'remove', path: '' }];
  };
  const concern = demandOf(parts, request.headers, [collectionOf(request, parts.replica).name]);
  const options = writeOptions(parts, request, '');
  const result = await parts.replica.edit({ document, plan, ...options }).catch((error: unknown) => {
    throw withSession(error, parts.replica, options.minVersion);
  });
  return settle(parts.replica, result, concern, { status: 204, headers: {}, body: undefined });
}

export function requirePreconditions(headers: IncomingHttpHeaders, current: CrdtDocument, hash: Hash): void {
  const currentTag = (): string | undefined => (current.exists() ? represent(current.json(), hash).entityTag : undefined);
  const outcome = checkPreconditions(headers, currentTag);
  if (outcome !== 'met') throw preconditionFailed(outcome === 'failed' ? 'If-Match' : 'If-None-Match', current.exists());
}

/** Names the entry of the client's patch in place of the operation that was made of it. */
function atEntry(error: unknown, entryOf: readonly number[]): unknown {
  if (!(error instanceof AnabranchError)) return error;
  const opIndex = error.details['opIndex'];
  if (typeof opIndex !== 'number') return error;
  return new AnabranchError(error.code, error.message, { ...error.details, opIndex: entryOf[opIndex] ?? opIndex });
}
