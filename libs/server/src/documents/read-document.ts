import { AnabranchError } from '@anabranch/base';
import { tokenLengthMax } from '@anabranch/causality';
import type { DocumentView, ReadOptions } from '@anabranch/engine';
import type { DocumentId } from '@anabranch/protocol';
import { z } from 'zod';
import type { DoorParts } from '../door-parts.ts';
import { readDemand } from '../http/concern-fields.ts';
import type { DoorRequest, DoorResponse } from '../http/door-request.ts';
import { checkPreconditions, preconditionFailed, represent } from '../http/entity-tag.ts';
import { sessionTokenOf } from '../http/fields.ts';
import { mediaTypes } from '../http/media-type.ts';
import { readQuery } from '../http/query.ts';
import type { Route } from '../http/route-table.ts';
import { documentOf } from './document-address.ts';
import { viewExample, viewSchema } from './document-answers.ts';
import { parseMoment } from './past-moment.ts';

const readQuerySchema = z.strictObject({
  at: z.string().min(1).max(tokenLengthMax).optional().meta({
    description:
      'A past moment: a session token, whose ops make up the view, or a time (RFC 3339), up to which the clocks of the writers count.',
  }),
});

export function readDocumentRoute(parts: DoorParts): Route {
  return {
    method: 'GET',
    template: '/v1/docs/{collection}/{id}',
    handle: (request) => readDocument(parts, request),
    description: {
      operationId: 'readDocument',
      summary: 'The JSON view of a document, now or at a past moment.',
      query: readQuerySchema,
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
        'history_unavailable',
        'read_concern_unmet',
        'not_ready',
        'record_damaged',
      ],
    },
  };
}

async function readDocument(parts: DoorParts, request: DoorRequest): Promise<DoorResponse> {
  const { replica, hash, limits } = parts;
  const document = documentOf(request, replica);
  const demand = readDemand(request.headers, limits.readWaitMsMax);
  const { at } = request.query === '' ? {} : readQuery(request.query, readQuerySchema);
  const view = at === undefined ? await replica.read(document, demand) : await readAt(parts, { document, at, demand });
  const sessionToken = sessionTokenOf(view.version);
  const { body, entityTag } = represent(view.json, hash);
  const preconditions = checkPreconditions(request.headers, () => (view.exists ? entityTag : undefined));
  if (preconditions === 'failed') throw preconditionFailed('If-Match', view.exists, { sessionToken });
  if (!view.exists) {
    const nothing = at === undefined ? 'holds nothing in this region' : 'held nothing at that moment, whatever it holds now';
    // That there is nothing was seen too: the reader's next read must not go behind it.
    throw new AnabranchError('document_not_found', `the document ${nothing}`, { sessionToken });
  }
  const headers = { 'anabranch-session': sessionToken, etag: entityTag, 'cache-control': 'no-cache' };
  if (preconditions === 'not-modified') return { status: 304, headers, body: undefined };
  return { status: 200, headers: { ...headers, 'content-type': mediaTypes.json }, body };
}

interface PastRead {
  readonly document: DocumentId;
  readonly at: string;
  readonly demand: ReadOptions | undefined;
}

/** The reader has seen nothing newer than the moment, so its token does not grow beyond that. */
async function readAt({ replica, clock, limits }: DoorParts, { document, at, demand }: PastRead): Promise<DocumentView> {
  const moment = parseMoment(at, clock.wallMs());
  if (demand !== undefined) await replica.whenVisible(demand);
  if ('vector' in moment) await replica.whenVisible({ minVersion: moment.vector, waitMsMax: limits.readWaitMsMax });
  const view = await replica.past.history.viewAt(document, moment);
  return demand?.minVersion === undefined ? view : { ...view, version: view.version.merge(demand.minVersion) };
}
