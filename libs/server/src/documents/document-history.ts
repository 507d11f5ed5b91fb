import { AnabranchError, decodeUtf8, encodeUtf8, fromBase64url, type JsonValue, toBase64url } from '@anabranch/base';
import { formatHlc, isOriginId, regionOf } from '@anabranch/causality';
import type { HistoryCursor, HistoryEntry, OpId } from '@anabranch/engine';
import { z } from 'zod';
import type { DoorParts } from '../door-parts.ts';
import { answerText } from '../http/answer-text.ts';
import type { DoorRequest, DoorResponse } from '../http/door-request.ts';
import { readSession, sessionTokenOf } from '../http/fields.ts';
import { mediaTypes } from '../http/media-type.ts';
import { readQuery } from '../http/query.ts';
import type { Route } from '../http/route-table.ts';
import { documentOf } from './document-address.ts';

/** The cursor format: one character of version before the place. */
const cursorPattern = /^1([1-9][0-9]{0,15}) ([a-z0-9.-]{1,45}):([1-9][0-9]{0,15})$/;

const historyQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^(?:[1-9][0-9]{0,2}|1000)$/, 'a limit is a number from 1 to 1000')
    .default('100')
    .meta({ description: 'Entries on one page at most, 1 to 1000.' }),
  cursor: z.string().max(200).optional().meta({ description: 'The nextCursor of the page before, from the same region.' }),
});

const changeSchema = z.strictObject({
  path: z.string().meta({ description: 'A JSON pointer.' }),
  before: z.custom<JsonValue>().optional().meta({ description: 'Absent when nothing was there.' }),
  after: z.custom<JsonValue>().optional().meta({ description: 'Absent when nothing is there any more.' }),
  isElided: z.literal(true).optional().meta({ description: 'The values are too large to be shown.' }),
});

const entrySchema = z.strictObject({
  opId: z.string().meta({ description: 'origin:seq, the same in every region.' }),
  region: z.string().meta({ description: 'Where it was written.' }),
  time: z.string().meta({ description: "RFC 3339, by the writer's clock." }),
  hlc: z.string().meta({ description: 'The stamp that orders registers: 16 hex digits.' }),
  trace: z.string().optional().meta({ description: 'The trace context it was written with.' }),
  transaction: z.array(z.string()).optional().meta({ description: 'All documents of the transaction that it was.' }),
  changes: z.array(changeSchema).optional().meta({ description: 'Absent where the log no longer has what came before.' }),
  isTruncated: z.literal(true).optional().meta({ description: 'There were more changes than are shown.' }),
});

const historySchema = z.strictObject({
  entries: z.array(entrySchema).meta({ description: 'Oldest first, in the order in which they arrived in this region.' }),
  isComplete: z.boolean().meta({ description: "False when the log no longer has the document's first ops." }),
  nextCursor: z.string().optional().meta({ description: 'Continues; absent on the last page.' }),
});

const historyExample: z.infer<typeof historySchema> = {
  entries: [
    {
      opId: 'berlin.5f0c12ab90de:812',
      region: 'berlin',
      time: '2026-11-26T08:30:00.123Z',
      hlc: '019ab1c2d3e40000',
      changes: [{ path: '/items/sku-1/qty', before: 3, after: 5 }],
    },
  ],
  isComplete: true,
};

export function documentHistoryRoute(parts: DoorParts): Route {
  return {
    method: 'GET',
    template: '/v1/docs/{collection}/{id}/history',
    handle: (request) => documentHistory(parts, request),
    description: {
      operationId: 'documentHistory',
      summary: 'Who changed what of a document, where and when, in pages.',
      query: historyQuery,
      requestFields: ['anabranch-session'],
      answers: {
        200: {
          description: 'One page, which may hold fewer entries than asked for.',
          fields: ['anabranch-session'],
          content: { [mediaTypes.json]: { schema: historySchema, example: historyExample } },
        },
      },
      errors: [
        'document_id_invalid',
        'session_token_invalid',
        'cursor_invalid',
        'collection_not_found',
        'document_not_found',
        'history_unavailable',
        'not_yet_visible',
        'record_damaged',
        'document_quarantined',
      ],
    },
  };
}

async function documentHistory({ replica, limits }: DoorParts, request: DoorRequest): Promise<DoorResponse> {
  const document = documentOf(request, replica);
  const query = readQuery(request.query, historyQuery);
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  const minVersion = readSession(request.headers);
  if (minVersion) await replica.whenVisible({ minVersion, waitMsMax: limits.readWaitMsMax });
  const page = await replica.past.history.page(document, after, Number(query.limit));
  const sessionToken = sessionTokenOf(page.version);
  if (page.entries.length === 0 && after === undefined && page.isComplete) {
    throw new AnabranchError('document_not_found', 'nobody has written the document in this region', { sessionToken });
  }
  const body: z.infer<typeof historySchema> = {
    entries: page.entries.map(entryOf),
    isComplete: page.isComplete,
    ...(page.next && { nextCursor: encodeCursor(page.next) }),
  };
  return {
    status: 200,
    headers: { 'content-type': mediaTypes.json, 'cache-control': 'no-store', 'anabranch-session': sessionToken },
    body: answerText(body),
  };
}

function entryOf({ opId, hlc, trace, documents, changes, isTruncated }: HistoryEntry): z.infer<typeof entrySchema> {
  return {
    opId: opIdText(opId),
    region: regionOf(opId.origin),
    time: new Date(hlc.ms).toISOString(),
    hlc: formatHlc(hlc),
    ...(trace !== undefined && { trace }),
    ...(documents.length > 1 && { transaction: [...documents] }),
    ...(changes && { changes: changes.map(({ isElided, ...change }) => (isElided ? { path: change.path, isElided } : change)) }),
    ...(isTruncated && { isTruncated }),
  };
}

function opIdText({ origin, seq }: OpId): string {
  return `${origin}:${seq}`;
}

function encodeCursor({ opId, position }: HistoryCursor): string {
  return toBase64url(encodeUtf8(`1${position} ${opIdText(opId)}`));
}

function decodeCursor(cursor: string): HistoryCursor {
  let text = '';
  try {
    text = decodeUtf8(fromBase64url(cursor) ?? new Uint8Array());
  } catch {
    // Not UTF-8: refused below like any other cursor that this service did not issue.
  }
  const [, position, origin = '', seq] = cursorPattern.exec(text) ?? [];
  if (!isOriginId(origin)) throw new AnabranchError('cursor_invalid', 'the cursor is not one this service issued');
  const cursorAt = { opId: { origin, seq: Number(seq) }, position: Number(position) };
  if (Number.isSafeInteger(cursorAt.opId.seq) && Number.isSafeInteger(cursorAt.position)) return cursorAt;
  throw new AnabranchError('cursor_invalid', 'the cursor is not one this service issued');
}
