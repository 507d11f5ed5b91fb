// The region as its operators see it: what it holds, how far it is behind each origin, and its links.

import { encodeSessionToken, formatHlc } from '@anabranch/causality';
import type { ReplicaDoor } from '@anabranch/engine';
import { z } from 'zod';
import type { DoorParts } from '../door-parts.ts';
import { mediaTypes } from '../http/media-type.ts';
import type { Route } from '../http/route-table.ts';

const count = z.int().min(0);
const milliseconds = z.number();
const vector = z.record(z.string(), z.int().min(1)).meta({ description: 'Origin to the highest seq with everything below it.' });

export const statusSchema = z.strictObject({
  region: z.string(),
  origin: z.string(),
  isWritable: z.boolean(),
  notWritableReason: z.string().optional(),
  versionVector: vector,
  sessionToken: z.string(),
  hlc: z.string(),
  heads: z.array(z.strictObject({ origin: z.string(), seq: count, oldestSeq: count, chainHash: z.string() })),
  lag: z
    .array(z.strictObject({ origin: z.string(), ops: count, bytes: count, ms: milliseconds, upstream: z.string().optional() }))
    .meta({ description: 'How far the region is behind each other origin, and the peer it pulls the origin from.' }),
  peers: z.array(
    z.strictObject({
      region: z.string(),
      origin: z.string().optional(),
      linkState: z.enum(['connected', 'connecting', 'down']),
      role: z.enum(['dialer', 'acceptor']).optional(),
      roundTripMs: milliseconds.optional(),
      clockOffsetMs: milliseconds.optional(),
      lastHeardMs: milliseconds.optional().meta({ description: 'Time since the peer was last heard of.' }),
      bytesSent: count,
      bytesReceived: count,
      acknowledged: vector,
      unacknowledgedOps: count,
      lastError: z.string().optional(),
    }),
  ),
  quarantinedOrigins: z.array(z.string()),
  collections: z
    .record(z.string(), z.enum(['yjs', 'automerge']))
    .meta({ description: 'The collections that the region serves, with the merge library of each.' }),
  freeformCollections: z.array(z.string()).meta({ description: 'Those of them without typed fields: their conflicts are not kept.' }),
  documentsLoaded: count,
  sessions: count,
  opsPending: count,
});

export type StatusAnswer = z.infer<typeof statusSchema>;

const statusExample: StatusAnswer = {
  region: 'berlin',
  origin: 'berlin.5f0c12ab90de',
  isWritable: true,
  versionVector: { 'berlin.5f0c12ab90de': 812 },
  sessionToken: 'AQETYmVybGluLjVmMGMxMmFiOTBkZawG',
  hlc: '019352c4f1a00000',
  heads: [{ origin: 'berlin.5f0c12ab90de', seq: 812, oldestSeq: 1, chainHash: '9f86d081884c7d65' }],
  lag: [{ origin: 'tokyo.00aa11bb22cc', ops: 0, bytes: 0, ms: 12, upstream: 'tokyo' }],
  peers: [
    {
      region: 'tokyo',
      origin: 'tokyo.00aa11bb22cc',
      linkState: 'connected',
      role: 'dialer',
      roundTripMs: 220,
      clockOffsetMs: 0.4,
      lastHeardMs: 80,
      bytesSent: 18_204,
      bytesReceived: 9_120,
      acknowledged: { 'berlin.5f0c12ab90de': 812 },
      unacknowledgedOps: 0,
    },
  ],
  quarantinedOrigins: [],
  collections: { carts: 'yjs', notes: 'yjs' },
  freeformCollections: ['notes'],
  documentsLoaded: 3,
  sessions: 1,
  opsPending: 0,
};

export function statusRoute({ replica }: DoorParts): Route {
  return {
    method: 'GET',
    template: '/v1/status',
    handle: async () => ({
      status: 200,
      headers: { 'content-type': mediaTypes.json, 'cache-control': 'no-store' },
      body: JSON.stringify(statusAnswer(replica)),
    }),
    description: {
      operationId: 'status',
      summary: 'Region, origin, version vector, lag and links.',
      answers: { 200: { description: 'The status.', content: { [mediaTypes.json]: { schema: statusSchema, example: statusExample } } } },
      errors: [],
    },
  };
}

/** Members that are undefined are left out when this becomes JSON. */
function statusAnswer(replica: ReplicaDoor): Record<keyof StatusAnswer, unknown> {
  const { version, hlc, ...status } = replica.status();
  const collections = [...replica.collections].map(([name, { library }]) => [name, library] as const);
  return {
    region: status.region,
    origin: status.origin,
    isWritable: status.isWritable,
    notWritableReason: status.notWritableReason,
    versionVector: version,
    sessionToken: encodeSessionToken(version),
    hlc: formatHlc(hlc),
    heads: status.heads,
    lag: status.lag,
    peers: status.peers,
    quarantinedOrigins: status.quarantinedOrigins,
    collections: Object.fromEntries(collections),
    freeformCollections: [...replica.collections].flatMap(([name, { schema }]) => (schema === 'freeform' ? [name] : [])),
    documentsLoaded: status.documentsLoaded,
    sessions: status.sessions,
    opsPending: status.opsPending,
  };
}
