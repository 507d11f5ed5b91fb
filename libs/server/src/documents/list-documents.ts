import { AnabranchError, decodeUtf8, encodeUtf8, fromBase64url, toBase64url } from '@anabranch/base';
import { type DocumentId, documentIdOf, localIdOf } from '@anabranch/protocol';
import { z } from 'zod';
import type { DoorParts } from '../door-parts.ts';
import { readDemand } from '../http/concern-fields.ts';
import type { DoorRequest, DoorResponse } from '../http/door-request.ts';
import { sessionTokenOf } from '../http/fields.ts';
import { mediaTypes } from '../http/media-type.ts';
import { readQuery } from '../http/query.ts';
import type { Route } from '../http/route-table.ts';
import { collectionOf } from './document-address.ts';
import { listExample, listSchema } from './document-answers.ts';

/** The cursor format: one character of version before the last id of the page. */
const cursorFormat = '1';

const listQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^(?:[1-9][0-9]{0,2}|1000)$/, 'a limit is a number from 1 to 1000')
    .default('100')
    .meta({ description: 'Ids on one page, 1 to 1000.' }),
  cursor: z.string().max(400).optional().meta({ description: 'The nextCursor of the page before.' }),
});

export function listDocumentsRoute(parts: DoorParts): Route {
  return {
    method: 'GET',
    template: '/v1/docs/{collection}',
    handle: (request) => listDocuments(parts, request),
    description: {
      operationId: 'listDocuments',
      summary: 'The documents of a collection, in pages.',
      query: listQuery,
      requestFields: ['anabranch-session', 'anabranch-read-concern'],
      answers: {
        200: {
          description: 'One page of ids.',
          fields: ['anabranch-session'],
          content: { [mediaTypes.json]: { schema: listSchema, example: listExample } },
        },
      },
      errors: [
        'collection_not_found',
        'cursor_invalid',
        'session_token_invalid',
        'read_concern_invalid',
        'not_yet_visible',
        'read_concern_unmet',
        'not_ready',
      ],
    },
  };
}

async function listDocuments({ replica, limits }: DoorParts, request: DoorRequest): Promise<DoorResponse> {
  const { name } = collectionOf(request, replica);
  const query = readQuery(request.query, listQuery);
  const limit = Number(query.limit);
  const after = query.cursor === undefined ? undefined : decodeCursor(name, query.cursor);
  const demand = readDemand(request.headers, limits.readWaitMsMax);
  if (demand !== undefined) await replica.whenVisible(demand);
  const { version } = replica;
  // One more than asked for tells whether there is another page.
  const found = replica.listDocuments(name, after, limit + 1);
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const nextCursor = found.length > limit && last !== undefined ? encodeCursor(last) : undefined;
  return {
    status: 200,
    headers: { 'content-type': mediaTypes.json, 'cache-control': 'no-store', 'anabranch-session': sessionTokenOf(version) },
    body: JSON.stringify({ documents: page.map(localIdOf), nextCursor }),
  };
}

function encodeCursor(document: DocumentId): string {
  return toBase64url(encodeUtf8(cursorFormat + localIdOf(document)));
}

function decodeCursor(collection: string, cursor: string): DocumentId {
  try {
    const text = decodeUtf8(fromBase64url(cursor) ?? new Uint8Array());
    if (text.startsWith(cursorFormat)) return documentIdOf(collection, text.slice(cursorFormat.length));
  } catch {
    // Not UTF-8, or not an id: refused below like any other cursor that this service did not issue.
  }
  throw new AnabranchError('cursor_invalid', 'the cursor is not one this service issued');
}
