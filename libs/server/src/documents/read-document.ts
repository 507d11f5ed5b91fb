import { AnabranchError } from '@anabranch/base';
import type { DoorParts } from '../door-parts.ts';
import { readDemand } from '../http/concern-fields.ts';
import type { DoorRequest, DoorResponse } from '../http/door-request.ts';
import { checkPreconditions, represent } from '../http/entity-tag.ts';
import { sessionTokenOf } from '../http/fields.ts';
import { mediaTypes } from '../http/media-type.ts';
import type { Route } from '../http/route-table.ts';
import { documentOf } from './document-address.ts';
import { viewExample, viewSchema } from './document-answers.ts';

export function readDocumentRoute(parts: DoorParts): Route {
  return {
    method: 'GET',
    template: '/v1/docs/{collection}/{id}',
    handle: (request) => readDocument(parts, request),
    description: {
      operationId: 'readDocument',
      summary: 'The JSON view of a document.',
      requestFields: ['anabranch-session', 'anabranch-read-concern', 'if-none-match', 'if-match'],
      answers: {
        200: {
          description: 'The JSON view.',
          fields: ['etag', 'anabranch-session'],
          content: { [mediaTypes.json]: { schema: viewSchema, example: viewExample } },
        },
        304: { description: 'The reader has the current state.', fields: ['etag', 'anabranch-session'] },
      },
      errors: [
        'document_id_invalid',
        'session_token_invalid',
        'read_concern_invalid',
        'collection_not_found',
        'document_not_found',
        'precondition_failed',
        'not_yet_visible',
        'read_concern_unmet',
        'not_ready',
        'record_damaged',
      ],
    },
  };
}

async function readDocument({ replica, hash, limits }: DoorParts, request: DoorRequest): Promise<DoorResponse> {
  const document = documentOf(request, replica);
  const view = await replica.read(document, readDemand(request.headers, limits.readWaitMsMax));
  const sessionToken = sessionTokenOf(view.version);
  const { body, entityTag } = represent(view.json, hash);
  const preconditions = checkPreconditions(request.headers, () => (view.exists ? entityTag : undefined));
  if (preconditions === 'failed') throw new AnabranchError('precondition_failed', 'the document is in another state', { sessionToken });
  if (!view.exists) {
    // That there is nothing was seen too: the reader's next read must not go behind it.
    throw new AnabranchError('document_not_found', 'the document holds nothing in this region', { sessionToken });
  }
  const headers = { 'anabranch-session': sessionToken, etag: entityTag, 'cache-control': 'no-cache' };
  if (preconditions === 'not-modified') return { status: 304, headers, body: undefined };
  return { status: 200, headers: { ...headers, 'content-type': mediaTypes.json }, body };
}
