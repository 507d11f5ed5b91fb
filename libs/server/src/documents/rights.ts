// The rights to a document's bounded counters as operators see them, and what they may force: taking over the rights of a
// region that will not come back.
//
// Invariant 1: nothing is reclaimed by a caller who has not said, in the request itself, that the risk is accepted.

import { AnabranchError } from '@anabranch/base';
import type { CounterRights } from '@anabranch/engine';
import { z } from 'zod';
import type { DoorParts } from '../door-parts.ts';
import { readDemand } from '../http/concern-fields.ts';
import type { DoorRequest, DoorResponse } from '../http/door-request.ts';
import { sessionTokenOf } from '../http/fields.ts';
import { parseJsonBody } from '../http/json-body.ts';
import { mediaTypeOf, mediaTypes, unsupportedType } from '../http/media-type.ts';
import type { Route } from '../http/route-table.ts';
import { faultText, validate } from '../http/validate.ts';
import { pointerSchema } from '../patch/patch-formats.ts';
import { documentOf } from './document-address.ts';
import { formatOpId } from './write-settlement.ts';

const template = '/v1/docs/{collection}/{id}/rights';
/** Of a region or an origin. */
const holderLengthMax = 256;

const risk =
  'if the region comes back, or what it wrote before it was lost still arrives, everything it spent of these rights is spent twice: ' +
  'the counter leaves its bound by as much';

const holderSchema = z.strictObject({
  holder: z.string().meta({ description: 'An origin, or a region: its share at the start, that none of its origins has taken over.' }),
  region: z.string(),
  down: z.int().meta({ description: 'By how much it may decrement.' }),
  up: z.int().meta({ description: 'By how much it may increment, where there is a maximum.' }),
  isReachable: z.boolean().meta({ description: 'Whether the region was heard of lately.' }),
  isFrozen: z.boolean().meta({ description: 'Held for its region alone until its peers have confirmed its past.' }),
});

const counterSchema: z.ZodType<CounterRights> = z.strictObject({
  path: pointerSchema,
  value: z.int(),
  min: z.int().optional(),
  max: z.int().optional(),
  holders: z.array(holderSchema).meta({ description: 'Richest first.' }),
}) as z.ZodType<CounterRights>;

const refusedSchema = z.strictObject({
  time: z.string().meta({ description: 'RFC 3339, by the clock of this region.' }),
  path: pointerSchema,
  kind: z.enum(['down', 'up']),
  needed: z.int(),
  held: z.int().meta({ description: 'What this region held, or could take over.' }),
  total: z.int().meta({ description: 'What all regions held together, as far as was known here.' }),
});

const answerSchema = z.strictObject({
  counters: z.array(counterSchema).meta({ description: 'The bounded counters of the document that were ever written.' }),
  refused: z.array(refusedSchema).meta({ description: 'Changes that this region refused since it started, newest first.' }),
  refusedDroppedCount: z.int().meta({ description: 'Refusals, of any document, that are no longer kept: the last 1,000 are.' }),
});

const answerExample = {
  counters: [
    {
      path: '/stock',
      value: 12,
      min: 0,
      holders: [
        { holder: 'tokyo.00aa11bb22cc', region: 'tokyo', down: 9, up: 0, isReachable: false, isFrozen: false },
        { holder: 'berlin.5f0c12ab90de', region: 'berlin', down: 3, up: 0, isReachable: true, isFrozen: false },
      ],
    },
  ],
  refused: [{ time: '2026-11-26T03:12:45.123Z', path: '/stock', kind: 'down', needed: 20, held: 3, total: 12 }],
  refusedDroppedCount: 0,
};

const reclaimSchema = z.strictObject({
  op: z.literal('reclaim'),
  path: pointerSchema,
  from: z.string().min(1).max(holderLengthMax).meta({ description: 'A region, with all its origins, or one origin.' }),
  acceptsRisk: z
    .boolean()
    .exactOptional()
    .meta({ description: `Must be true: ${risk}.` }),
});

const reclaimedSchema = z.strictObject({ opId: z.string().meta({ description: 'origin:seq of the last op of it.' }) });

export function readRightsRoute(parts: DoorParts): Route {
  return {
    method: 'GET',
    template,
    handle: (request) => readRights(parts, request),
    description: {
      operationId: 'readRights',
      summary: 'Who holds which rights to the bounded counters of a document.',
      requestFields: ['anabranch-session', 'anabranch-read-concern'],
      answers: {
        200: {
          description: 'The rights, as this region knows of them.',
          fields: ['anabranch-session'],
          content: { [mediaTypes.json]: { schema: answerSchema, example: answerExample } },
        },
      },
      errors: [
        'document_id_invalid',
        'session_token_invalid',
        'read_concern_invalid',
        'collection_not_found',
        'not_yet_visible',
        'read_concern_unmet',
        'not_ready',
        'record_damaged',
      ],
    },
  };
}

export function reclaimRightsRoute(parts: DoorParts): Route {
  return {
    method: 'POST',
    template,
    handle: (request) => reclaimRights(parts, request),
    description: {
      operationId: 'reclaimRights',
      summary: 'Takes over the rights of a region that is gone for good.',
      requestBody: {
        [mediaTypes.json]: { schema: reclaimSchema, example: { op: 'reclaim', path: '/stock', from: 'tokyo', acceptsRisk: true } },
      },
      answers: {
        200: {
          description: 'The rights are held by this region now; durable here.',
          fields: ['anabranch-session'],
          content: { [mediaTypes.json]: { schema: reclaimedSchema, example: { opId: 'berlin.5f0c12ab90de:812' } } },
        },
      },
      errors: [
        'request_malformed',
        'document_id_invalid',
        'collection_not_found',
        'content_type_unsupported',
        'op_invalid',
        'risk_not_accepted',
        'region_reachable',
        'not_ready',
        'store_failed',
        'store_full',
        'record_damaged',
      ],
    },
  };
}

async function readRights({ replica, limits }: DoorParts, request: DoorRequest): Promise<DoorResponse> {
  const document = documentOf(request, replica);
  const { counters, refused, refusedDroppedCount, version } = await replica.rights(
    document,
    readDemand(request.headers, limits.readWaitMsMax),
  );
  const named = refused.map(({ timeMs, path, kind, needed, held, total }) => {
    return { time: new Date(timeMs).toISOString(), path, kind, needed, held, total };
  });
  return answer(JSON.stringify({ counters, refused: named, refusedDroppedCount }), sessionTokenOf(version));
}

async function reclaimRights({ replica }: DoorParts, request: DoorRequest): Promise<DoorResponse> {
  const document = documentOf(request, replica);
  const mediaType = mediaTypeOf(request.headers['content-type']);
  if (mediaType !== mediaTypes.json) throw unsupportedType('an act on rights', [mediaTypes.json], mediaType);
  const parsed = validate(reclaimSchema, parseJsonBody(request.body));
  if (!parsed.success) throw new AnabranchError('op_invalid', faultText(parsed.error, 'the body'));
  const { path, from, acceptsRisk } = parsed.data;
  if (acceptsRisk !== true) throw new AnabranchError('risk_not_accepted', `${risk}; acceptsRisk: true accepts that`, { path, from });
  const { opId, version } = await replica.reclaimRights({ document, path, from });
  return answer(JSON.stringify({ opId: formatOpId(opId) }), sessionTokenOf(version));
}

function answer(body: string, sessionToken: string): DoorResponse {
  const headers = { 'content-type': mediaTypes.json, 'cache-control': 'no-store', 'anabranch-session': sessionToken };
  return { status: 200, headers, body };
}
