// From a durable write to its answer: waits for the regions that its concern demands, and says who has it.
//
//   demand (refused before anything is applied) --> write --> settle --> 200 / 204 met
//                                                                  \--> 202 write_pending, ask at Location
//
// Invariant 1: an answer of success names regions that hold the write; one of 202 takes nothing back.

import type { IncomingHttpHeaders } from 'node:http';
import { AnabranchError } from '@anabranch/base';
import type { VersionVector } from '@anabranch/causality';
import type { OpId, ReplicaDoor, WriteConcern } from '@anabranch/engine';
import { z } from 'zod';
import type { DoorParts } from '../door-parts.ts';
import { answerText } from '../http/answer-text.ts';
import { formatWriteTarget, parseWriteConcern } from '../http/concern-fields.ts';
import type { DoorResponse } from '../http/door-request.ts';
import { readField, sessionTokenOf } from '../http/fields.ts';
import { mediaTypes } from '../http/media-type.ts';
import type { AnswerDescription } from '../http/route-description.ts';

const localConcern: WriteConcern = { target: 'local', timeoutMs: 0 };

/** A durable write, of one document or of several. */
export interface SettlingWrite {
  readonly opId: OpId | undefined;
  readonly version: VersionVector;
  readonly isReplay: boolean;
}

const pendingWriteSchema = z.looseObject({
  status: z.literal('write_pending'),
  opId: z.string(),
  acknowledged: z.array(z.string()).meta({ description: 'Regions that hold the write durably, this one first.' }),
  pending: z.array(z.string()).meta({ description: 'Regions that have not said so yet.' }),
});

const pendingWriteExample: z.infer<typeof pendingWriteSchema> = {
  status: 'write_pending',
  opId: 'berlin.5f0c12ab90de:812',
  acknowledged: ['berlin', 'new-york'],
  pending: ['tokyo'],
};

/** Header fields of every answer to a write. */
export const settledFields = ['anabranch-session', 'anabranch-op', 'anabranch-acknowledged', 'idempotency-replayed'] as const;

export const pendingAnswer: AnswerDescription = {
  description: 'The write is durable in this region and goes on to the others; not all that its concern demands have it yet.',
  fields: [...settledFields, 'location'],
  content: { [mediaTypes.json]: { schema: pendingWriteSchema, example: pendingWriteExample } },
};

/**
 * What the header field demands, else what the collections are configured with: of several that differ, `all`.
 * @throws AnabranchError `write_concern_invalid`, also when the mesh could never meet it.
 */
export function demandOf(parts: DoorParts, headers: IncomingHttpHeaders, collections: readonly string[]): WriteConcern {
  const text = readField(headers, 'anabranch-write-concern', 'write_concern_invalid');
  const concern = text === undefined ? defaultOf(parts, collections) : parseWriteConcern(text);
  parts.replica.writeConcerns.check(concern.target);
  return concern;
}

function defaultOf({ writeConcerns }: DoorParts, collections: readonly string[]): WriteConcern {
  const configured = collections.flatMap((collection) => writeConcerns?.get(collection) ?? []);
  const [first = localConcern, ...others] = configured.filter(({ target }) => target !== 'local');
  if (others.every(({ target }) => formatWriteTarget(target) === formatWriteTarget(first.target))) return first;
  return { target: 'all', timeoutMs: Math.max(first.timeoutMs, ...others.map(({ timeoutMs }) => timeoutMs)) };
}

/** The answer to a write: `met`, or its pending form when the time was up first. `body` goes along with both. */
export async function settle(
  replica: ReplicaDoor,
  write: SettlingWrite,
  concern: WriteConcern,
  met: DoorResponse & { readonly pendingBody?: Readonly<Record<string, unknown>> },
): Promise<DoorResponse> {
  const { pendingBody, ...answer } = met;
  const headers: Record<string, string> = {
    ...answer.headers,
    'anabranch-session': sessionTokenOf(write.version),
    'cache-control': 'no-store',
  };
  if (write.isReplay) headers['idempotency-replayed'] = 'true';
  // A write that changed nothing is no op: there is nothing that another region could lack.
  if (write.opId === undefined) return { ...answer, headers };
  const opId = formatOpId(write.opId);
  headers['anabranch-op'] = opId;
  if (concern.target === 'local') return { ...answer, headers: { ...headers, 'anabranch-acknowledged': replica.region } };
  const { durable, pending, isMet } = await replica.writeConcerns.whenMet(write.opId, concern);
  headers['anabranch-acknowledged'] = durable.join(', ');
  if (isMet) return { ...answer, headers };
  const body = { status: 'write_pending', opId, acknowledged: durable, pending, ...pendingBody };
  const location = `/v1/writes/${encodeURIComponent(opId)}?concern=${encodeURIComponent(formatWriteTarget(concern.target))}`;
  return { status: 202, headers: { ...headers, location, 'content-type': mediaTypes.json }, body: answerText(body) };
}

/** A refusal that tells of the state carries the token of what it tells, unless the region lacks what its client has seen. */
export function withSession(error: unknown, { version }: ReplicaDoor, minVersion: VersionVector | undefined): unknown {
  const isOfState = error instanceof AnabranchError && error.entry.status < 500 && version.covers(minVersion ?? version);
  if (!isOfState) return error;
  return new AnabranchError(error.code, error.message, { sessionToken: sessionTokenOf(version), ...error.details });
}

export function formatOpId({ origin, seq }: OpId): string {
  return `${origin}:${seq}`;
}
