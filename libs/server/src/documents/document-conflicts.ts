// The conflict journal over REST: the conflicts of a document, those of a collection, and the restoring of a value that lost.

import { AnabranchError, decodeUtf8, encodeUtf8, fromBase64url, type JsonValue, toBase64url } from '@anabranch/base';
import { formatHlc } from '@anabranch/causality';
import type { CrdtDocument, DocumentOp } from '@anabranch/crdt';
import type { CollectionCursor, Conflict, ConflictingWrite, ReadOptions, ReplicaDoor } from '@anabranch/engine';
import { type DocumentId, documentIdOf, localIdOf } from '@anabranch/protocol';
import { z } from 'zod';
import type { DoorParts } from '../door-parts.ts';
import { answerText } from '../http/answer-text.ts';
import type { DoorRequest, DoorResponse } from '../http/door-request.ts';
import { represent } from '../http/entity-tag.ts';
import { readSession, sessionTokenOf } from '../http/fields.ts';
import { mediaTypes } from '../http/media-type.ts';
import { readQuery } from '../http/query.ts';
import type { Route } from '../http/route-table.ts';
import { collectionOf, documentOf } from './document-address.ts';
import { viewExample, viewSchema } from './document-answers.ts';
import { requirePreconditions } from './write-document.ts';
import { writeErrors, writeOptions } from './write-options.ts';
import { demandOf, pendingAnswer, settle, settledFields, withSession } from './write-settlement.ts';

/** By which a winner is chosen; shown, so that a journal explains itself. */
const rules = { latest: 'latest by (hlc, origin)', all: 'all shown until replaced; latest by (hlc, origin)' } as const;
const placePattern = /^[0-9a-f]{64}$/;
const conflictIdPattern = /^[0-9a-f]{32}$/;

const pageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^(?:[1-9][0-9]{0,2}|1000)$/, 'a limit is a number from 1 to 1000')
    .default('100')
    .meta({ description: 'Conflicts on one page at most, 1 to 1000.' }),
  cursor: z.string().max(500).optional().meta({ description: 'The nextCursor of the page before.' }),
});
const feedQuery = pageQuery.extend({ collection: z.string().max(63).meta({ description: 'The collection to look through.' }) });

const writeSchema = z.strictObject({
  value: z.custom<JsonValue>(),
  opId: z.string().meta({ description: 'origin:seq' }),
  region: z.string(),
  time: z.string().meta({ description: "RFC 3339, by the writer's clock." }),
  hlc: z.string(),
});

const conflictSchema = z.strictObject({
  id: z.string().regex(conflictIdPattern).meta({ description: 'The same in every region.' }),
  document: z.string(),
  path: z.string().meta({ description: 'A JSON pointer.' }),
  rule: z.enum([rules.latest, rules.all]),
  winner: writeSchema,
  loser: writeSchema,
  status: z.enum(['standing', 'overwritten']).meta({
    description: 'standing: the winner is shown. overwritten: somebody who had seen both has written or removed the field since.',
  }),
});

const documentConflictsSchema = z.strictObject({
  conflicts: z.array(conflictSchema).meta({ description: 'Newest first, by the stamp of the winner; the same in every region.' }),
  isComplete: z.boolean().meta({ description: "False when the log no longer has the document's first ops." }),
  since: z.string().optional().meta({ description: 'The time of the first op that was looked at.' }),
  nextCursor: z.string().optional(),
});

const collectionConflictsSchema = z.strictObject({
  conflicts: z.array(conflictSchema).meta({ description: 'By document in order of ids, of each newest first.' }),
  unavailable: z
    .array(z.string())
    .meta({ description: 'Ids of documents on this page that may have more: their history is cut or too long.' }),
  nextCursor: z.string().optional().meta({ description: 'A page may be empty and still have one.' }),
});

const conflictExample: z.infer<typeof conflictSchema> = {
  id: '3b0c44298fc1c149afbf4c8996fb9242',
  document: 'carts/ann',
  path: '/status',
  rule: rules.latest,
  winner: { value: 'paid', opId: 'tokyo.00aa11bb22cc:7', region: 'tokyo', time: '2026-11-26T08:30:00.150Z', hlc: '019ab1c2d3ff0000' },
  loser: { value: 'open', opId: 'berlin.5f0c12ab90de:812', region: 'berlin', time: '2026-11-26T08:30:00.123Z', hlc: '019ab1c2d3e40000' },
  status: 'standing',
};

const readErrors = ['session_token_invalid', 'cursor_invalid', 'collection_not_found', 'conflicts_not_kept', 'not_yet_visible'] as const;
const documentErrors = ['document_id_invalid', 'history_unavailable', 'record_damaged', 'document_quarantined'] as const;

export function documentConflictsRoute(parts: DoorParts): Route {
  return {
    method: 'GET',
    template: '/v1/docs/{collection}/{id}/conflicts',
    handle: (request) => documentConflicts(parts, request),
    description: {
      operationId: 'documentConflicts',
      summary: 'Values of registers that lost to concurrent ones, with both writers.',
      query: pageQuery,
      requestFields: ['anabranch-session'],
      answers: {
        200: {
          description: 'One page; empty for a document without conflicts, or that nobody has written.',
          fields: ['anabranch-session'],
          content: {
            [mediaTypes.json]: { schema: documentConflictsSchema, example: { conflicts: [conflictExample], isComplete: true } },
          },
        },
      },
      errors: [...readErrors, ...documentErrors],
    },
  };
}

export function collectionConflictsRoute(parts: DoorParts): Route {
  return {
    method: 'GET',
    template: '/v1/conflicts',
    handle: (request) => collectionConflicts(parts, request),
    description: {
      operationId: 'collectionConflicts',
      summary: 'The conflicts of all documents of a collection, in pages.',
      query: feedQuery,
      requestFields: ['anabranch-session'],
      answers: {
        200: {
          description: 'One page. It ends early when much history had to be read for it.',
          fields: ['anabranch-session'],
          content: { [mediaTypes.json]: { schema: collectionConflictsSchema, example: { conflicts: [conflictExample], unavailable: [] } } },
        },
      },
      errors: readErrors,
    },
  };
}

export function restoreConflictRoute(parts: DoorParts): Route {
  return {
    method: 'POST',
    template: '/v1/docs/{collection}/{id}/conflicts/{conflict}/restore',
    handle: (request) => restoreConflict(parts, request),
    description: {
      operationId: 'restoreConflict',
      summary: 'Writes the value that lost again, as a new write that has seen everything.',
      requestFields: ['anabranch-session', 'anabranch-write-concern', 'idempotency-key', 'if-match', 'if-none-match', 'traceparent'],
      answers: {
        200: {
          description: 'The new JSON view; the write is durable in this region.',
          fields: ['etag', ...settledFields],
          content: { [mediaTypes.json]: { schema: viewSchema, example: viewExample } },
        },
        202: pendingAnswer,
      },
      errors: [...writeErrors, 'conflict_not_found', 'conflicts_not_kept', 'history_unavailable', 'document_quarantined', 'path_unknown'],
    },
  };
}

async function documentConflicts(parts: DoorParts, request: DoorRequest): Promise<DoorResponse> {
  const document = documentOf(request, parts.replica);
  const query = readQuery(request.query, pageQuery);
  const after = query.cursor === undefined ? undefined : placeIn(decodeCursor(query.cursor));
  await whenSeen(parts, request);
  const found = await parts.replica.past.conflicts.ofDocument(document, after, Number(query.limit));
  const { conflicts, isComplete, sinceMs, next, version } = found;
  const body: z.infer<typeof documentConflictsSchema> = {
    conflicts: conflicts.map(conflictOf),
    isComplete,
    ...(sinceMs !== undefined && { since: new Date(sinceMs).toISOString() }),
    ...(next !== undefined && { nextCursor: encodeCursor(next) }),
  };
  return jsonAnswer(body, sessionTokenOf(version));
}

async function collectionConflicts(parts: DoorParts, request: DoorRequest): Promise<DoorResponse> {
  const { collection, limit, cursor } = readQuery(request.query, feedQuery);
  const after = cursor === undefined ? undefined : collectionCursor(collection, decodeCursor(cursor));
  await whenSeen(parts, request);
  const { conflicts, unavailable, next, version } = await parts.replica.past.conflicts.ofCollection(collection, after, Number(limit));
  const body: z.infer<typeof collectionConflictsSchema> = {
    conflicts: conflicts.map(conflictOf),
    unavailable: unavailable.map(localIdOf),
    ...(next && { nextCursor: encodeCursor(`${next.place ?? ''} ${localIdOf(next.document)}`) }),
  };
  return jsonAnswer(body, sessionTokenOf(version));
}

async function restoreConflict(parts: DoorParts, request: DoorRequest): Promise<DoorResponse> {
  const { replica, hash } = parts;
  const document = documentOf(request, replica);
  const { name, schema } = collectionOf(request, replica);
  const concern = demandOf(parts, request.headers, [name]);
  const options = writeOptions(parts, request, '');
  const conflictId = request.parameters.get('conflict') ?? '';
  const isId = schema.schema === 'freeform' || conflictIdPattern.test(conflictId);
  if (!isId) throw new AnabranchError('conflict_not_found', 'this is no id of a conflict');
  const found = await findSeen(replica, { document, conflictId }, options).catch((refusal: unknown) => ({ refusal }));
  // In its turn under its key: where that was used, the value was written again, whatever stands in the way of finding it now.
  const plan = (current: CrdtDocument): readonly DocumentOp[] => {
    if ('refusal' in found) throw found.refusal;
    requirePreconditions(request.headers, current, hash);
    return [{ op: 'set', path: found.path, value: found.loser.value }];
  };
  const result = await replica.edit({ document, plan, ...options }).catch((error: unknown) => {
    throw withSession(error, replica, options.minVersion);
  });
  const { body, entityTag } = represent(result.json, hash);
  const headers = { 'content-type': mediaTypes.json, etag: entityTag };
  return settle(replica, result, concern, { status: 200, headers, body, pendingBody: { view: result.json } });
}

async function findSeen(
  replica: ReplicaDoor,
  { document, conflictId }: { readonly document: DocumentId; readonly conflictId: string },
  { minVersion, waitMsMax }: ReadOptions,
): Promise<Conflict> {
  if (minVersion !== undefined) await replica.whenVisible({ minVersion, ...(waitMsMax !== undefined && { waitMsMax }) });
  return replica.past.conflicts.find(document, conflictId);
}

async function whenSeen({ replica, limits }: DoorParts, request: DoorRequest): Promise<void> {
  const minVersion = readSession(request.headers);
  if (minVersion) await replica.whenVisible({ minVersion, waitMsMax: limits.readWaitMsMax });
}

function jsonAnswer(body: object, sessionToken: string): DoorResponse {
  return {
    status: 200,
    headers: { 'content-type': mediaTypes.json, 'cache-control': 'no-store', 'anabranch-session': sessionToken },
    body: answerText(body),
  };
}

function conflictOf({ id, document, path, winner, loser, isKeptAll, stands }: Conflict): z.infer<typeof conflictSchema> {
  return {
    id,
    document,
    path,
    rule: isKeptAll ? rules.all : rules.latest,
    winner: writeOf(winner),
    loser: writeOf(loser),
    status: stands ? 'standing' : 'overwritten',
  };
}

function writeOf({ value, opId, region, hlc }: ConflictingWrite): z.infer<typeof writeSchema> {
  return { value, opId: `${opId.origin}:${opId.seq}`, region, time: new Date(hlc.ms).toISOString(), hlc: formatHlc(hlc) };
}

/** One character of version before the place. */
function encodeCursor(text: string): string {
  return toBase64url(encodeUtf8(`1${text}`));
}

function decodeCursor(cursor: string): string {
  try {
    const text = decodeUtf8(fromBase64url(cursor) ?? new Uint8Array());
    if (text.startsWith('1')) return text.slice(1);
  } catch {
    // Not UTF-8: refused below like any other cursor that this service did not issue.
  }
  throw foreignCursor();
}

function placeIn(text: string): string {
  if (placePattern.test(text)) return text;
  throw foreignCursor();
}

function collectionCursor(collection: string, text: string): CollectionCursor {
  const space = text.indexOf(' ');
  const place = text.slice(0, Math.max(0, space));
  if (space < 0) throw foreignCursor();
  try {
    return { document: documentIdOf(collection, text.slice(space + 1)), place: place === '' ? undefined : placeIn(place) };
  } catch {
    throw foreignCursor();
  }
}

function foreignCursor(): AnabranchError {
  return new AnabranchError('cursor_invalid', 'the cursor is not one this service issued');
}
