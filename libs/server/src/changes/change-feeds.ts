import { AnabranchError } from '@anabranch/base';
import { decodeSessionToken, tokenLengthMax, VersionVector } from '@anabranch/causality';
import { isCollectionName } from '@anabranch/protocol';
import { z } from 'zod';
import type { DoorParts } from '../door-parts.ts';
import type { DoorRequest, DoorResponse } from '../http/door-request.ts';
import { readField, readSession } from '../http/fields.ts';
import { mediaTypes } from '../http/media-type.ts';
import { OpenStreams } from '../http/open-streams.ts';
import { readQuery } from '../http/query.ts';
import type { Route } from '../http/route-table.ts';
import { changeEventExample, changeEventSchema } from './change-event.ts';
import { ChangeStream, type ChangeStreamOptions } from './change-stream.ts';

const collectionsMax = 64;

const changesQuery = z.strictObject({
  after: z
    .string()
    .max(tokenLengthMax)
    .optional()
    .meta({ description: 'The token of the last event seen; without it, from the first op on.' }),
  collection: z
    .array(z.string().refine(isCollectionName, 'a collection has another form'))
    .max(collectionsMax)
    .optional()
    .meta({ description: 'Only ops that wrote to this collection; may be given several times.' }),
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,5}$/, 'a limit is a number from 1 to 999999')
    .optional()
    .meta({ description: 'Events after which the answer ends.' }),
  follow: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'Whether to wait for more; by default server-sent events do, and lines do not.' }),
  view: z.enum(['true', 'false']).default('true').meta({ description: '`false` leaves out the views.' }),
});

/** The readers of a region's change feed. */
export class ChangeFeeds {
  readonly route: Route;
  readonly #parts: DoorParts;
  readonly #open: OpenStreams;

  constructor(parts: DoorParts) {
    this.#parts = parts;
    this.#open = new OpenStreams(parts.limits.changeFeedsMax);
    this.route = {
      method: 'GET',
      template: '/v1/changes',
      handle: (request) => this.#read(request),
      description: {
        operationId: 'changes',
        summary: 'The ops of all documents in causal order, each as one event, from a token on.',
        query: changesQuery,
        requestFields: ['last-event-id', 'anabranch-session'],
        answers: {
          200: {
            description:
              'As Accept asks: server-sent events, or one JSON object per line. Events that hold nothing but a token tell how far the feed has come.',
            content: {
              [mediaTypes.lines]: { schema: changeEventSchema, example: changeEventExample },
              [mediaTypes.events]: {
                schema: z.string(),
                example: `id: ${changeEventExample.token}\ndata: ${JSON.stringify(changeEventExample)}\n\n`,
              },
            },
          },
        },
        errors: ['session_token_invalid', 'collection_not_found', 'not_yet_visible', 'not_ready'],
      },
    };
  }

  get openCount(): number {
    return this.#open.count;
  }

  /** Ends every stream. */
  close(): void {
    this.#open.close();
  }

  async #read(request: DoorRequest): Promise<DoorResponse> {
    const { replica, limits } = this.#parts;
    const options = this.#optionsOf(request);
    const seen = readSession(request.headers);
    const minVersion = seen === undefined ? options.after : options.after.merge(seen);
    const prepare = async (): Promise<DoorResponse['headers']> => {
      await replica.whenVisible({ minVersion, waitMsMax: limits.readWaitMsMax });
      return { 'content-type': mediaTypes[options.format], 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
    };
    return this.#open.answer(prepare, (sink, whenClosed) => new ChangeStream(this.#parts, options, sink, whenClosed));
  }

  #optionsOf(request: DoorRequest): ChangeStreamOptions {
    const { after, collection, limit, follow, view } = readQuery(request.query, changesQuery, ['collection']);
    const token = readField(request.headers, 'last-event-id', 'session_token_invalid') ?? after;
    for (const name of collection ?? []) {
      if (!this.#parts.replica.collections.has(name)) throw new AnabranchError('collection_not_found', `the region serves no ${name}`);
    }
    const format = (request.headers.accept ?? '').toLowerCase().includes(mediaTypes.events) ? 'events' : 'lines';
    return {
      after: token === undefined ? VersionVector.empty : decodeSessionToken(token),
      collections: collection && new Set(collection),
      format,
      hasViews: view === 'true',
      isFollowing: follow === undefined ? format === 'events' : follow === 'true',
      eventsMax: limit === undefined ? Number.POSITIVE_INFINITY : Number(limit),
    };
  }
}
