// GET /v1/writes/{opId}: which regions hold a write, asked later, in any region that has it.

import { AnabranchError } from '@anabranch/base';
import { isOriginId } from '@anabranch/causality';
import type { OpId } from '@anabranch/engine';
import { z } from 'zod';
import type { DoorParts } from '../door-parts.ts';
import { parseWriteConcern } from '../http/concern-fields.ts';
import type { DoorRequest, DoorResponse } from '../http/door-request.ts';
import { concernLengthMax, sessionTokenOf } from '../http/fields.ts';
import { mediaTypes } from '../http/media-type.ts';
import { readQuery } from '../http/query.ts';
import type { Route } from '../http/route-table.ts';
import { formatOpId } from './write-settlement.ts';

const writeQuery = z.strictObject({
  concern: z.string().max(concernLengthMax).optional().meta({ description: 'A write concern to judge by; `all` when left out.' }),
});

const writeSchema = z.strictObject({
  opId: z.string(),
  durable: z.array(z.string()).meta({ description: 'Regions that are known to hold it durably now.' }),
  pending: z.array(z.string()).meta({ description: 'The other regions of the mesh.' }),
  isMet: z.boolean(),
});

const writeExample: z.infer<typeof writeSchema> = {
  opId: 'berlin.5f0c12ab90de:812',
  durable: ['berlin', 'new-york'],
  pending: ['tokyo'],
  isMet: false,
};

export function readWriteRoute(parts: DoorParts): Route {
  return {
    method: 'GET',
    template: '/v1/writes/{opId}',
    handle: (request) => readWrite(parts, request),
    description: {
      operationId: 'readWrite',
      summary: 'Which regions hold a write, and whether that meets a write concern.',
      query: writeQuery,
      answers: {
        200: {
          description: 'What this region knows of it: a region that was restored counts as what it holds now.',
          fields: ['anabranch-session'],
          content: { [mediaTypes.json]: { schema: writeSchema, example: writeExample } },
        },
      },
      errors: ['write_not_found', 'write_concern_invalid'],
    },
  };
}

async function readWrite({ replica }: DoorParts, request: DoorRequest): Promise<DoorResponse> {
  const opId = parseOpId(request.parameters.get('opId') ?? '');
  const query = readQuery(request.query, writeQuery);
  const { target } = parseWriteConcern(query.concern ?? 'all');
  replica.writeConcerns.check(target);
  const { durable, pending, isMet } = replica.writeConcerns.report(opId, target);
  const headers = { 'content-type': mediaTypes.json, 'cache-control': 'no-store', 'anabranch-session': sessionTokenOf(replica.version) };
  return { status: 200, headers, body: JSON.stringify({ opId: formatOpId(opId), durable, pending, isMet }) };
}

function parseOpId(text: string): OpId {
  const [origin = '', seq = '', ...rest] = text.split(':');
  const isValid = rest.length === 0 && isOriginId(origin) && /^[1-9][0-9]{0,15}$/.test(seq) && Number.isSafeInteger(Number(seq));
  if (!isValid) throw new AnabranchError('request_malformed', 'a write is named origin:seq, such as berlin.5f0c12ab90de:812');
  return { origin, seq: Number(seq) };
}
