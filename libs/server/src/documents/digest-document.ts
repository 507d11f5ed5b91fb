import type { DoorParts } from '../door-parts.ts';
import { sessionTokenOf } from '../http/fields.ts';
import { mediaTypes } from '../http/media-type.ts';
import type { Route } from '../http/route-table.ts';
import { documentOf } from './document-address.ts';
import { digestExample, digestSchema } from './document-answers.ts';

export function digestDocumentRoute({ replica }: DoorParts): Route {
  return {
    method: 'GET',
    template: '/v1/docs/{collection}/{id}/digest',
    handle: async (request) => {
      const { digest, version } = await replica.digest(documentOf(request, replica));
      return {
        status: 200,
        headers: { 'content-type': mediaTypes.json, 'cache-control': 'no-store', 'anabranch-session': sessionTokenOf(version) },
        body: JSON.stringify({ digest, versionVector: version }),
      };
    },
    description: {
      operationId: 'digestDocument',
      summary: 'The content digest of a document. Regions with equal version vectors have equal digests.',
      answers: {
        200: {
          description: 'The digest, and the vector it holds at.',
          fields: ['anabranch-session'],
          content: { [mediaTypes.json]: { schema: digestSchema, example: digestExample } },
        },
      },
      errors: ['document_id_invalid', 'collection_not_found', 'record_damaged'],
    },
  };
}
