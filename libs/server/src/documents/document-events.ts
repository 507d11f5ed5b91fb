import { decodeSessionToken, tokenLengthMax, VersionVector } from '@anabranch/causality';
import { z } from 'zod';
import type { DoorParts } from '../door-parts.ts';
import type { DoorRequest, DoorResponse } from '../http/door-request.ts';
import { readField, readSession, sessionTokenOf } from '../http/fields.ts';
import { mediaTypes } from '../http/media-type.ts';
import { OpenStreams } from '../http/open-streams.ts';
import { readQuery } from '../http/query.ts';
import type { Route } from '../http/route-table.ts';
import { documentOf } from './document-address.ts';
import { EventStream } from './event-stream.ts';

const eventsQuery = z.strictObject({
  after: z
    .string()
    .max(tokenLengthMax)
    .optional()
    .meta({ description: 'A session token to start behind, for readers that cannot set header fields.' }),
});

/** The open event streams of a region. */
export class DocumentEvents {
  readonly route: Route;
  readonly #parts: DoorParts;
  readonly #open: OpenStreams;

  constructor(parts: DoorParts) {
    this.#parts = parts;
    this.#open = new OpenStreams(parts.limits.eventStreamsMax);
    this.route = {
      method: 'GET',
      template: '/v1/docs/{collection}/{id}/events',
      handle: (request) => this.#subscribe(request),
      description: {
        operationId: 'documentEvents',
        summary: 'Server-sent events: the view after each change, with a session token as the id.',
        query: eventsQuery,
        requestFields: ['last-event-id', 'anabranch-session'],
        answers: {
          200: {
            description:
              'A stream. A reader that names what it has seen (Last-Event-ID, else `after`, else Anabranch-Session) first gets the present view. Changes that come faster than they are read arrive as one. `event: removed` tells that nothing is left.',
            fields: ['anabranch-session'],
            content: { [mediaTypes.events]: { schema: z.string(), example: 'id: AQE\ndata: {"gift":true}\n\n' } },
          },
        },
        errors: ['document_id_invalid', 'session_token_invalid', 'collection_not_found', 'not_yet_visible', 'not_ready'],
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

  async #subscribe(request: DoorRequest): Promise<DoorResponse> {
    const { replica, limits } = this.#parts;
    const document = documentOf(request, replica);
    const query = readQuery(request.query, eventsQuery);
    const lastEvent = readField(request.headers, 'last-event-id', 'session_token_invalid') ?? query.after;
    const seen = lastEvent === undefined ? readSession(request.headers) : decodeSessionToken(lastEvent);
    let version = VersionVector.empty;
    // The first view must not be older than what the reader has seen; a damaged document is refused here, not mid-stream.
    const prepare = async (): Promise<DoorResponse['headers']> => {
      ({ version } = await replica.read(document, seen && { minVersion: seen, waitMsMax: limits.readWaitMsMax }));
      return {
        'content-type': mediaTypes.events,
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'anabranch-session': sessionTokenOf(version),
      };
    };
    return this.#open.answer(prepare, (sink, whenClosed) => {
      const stream = new EventStream(this.#parts, document, sink, whenClosed);
      // What became durable since that view was delivered before the stream listened, and its token does not name it.
      if (seen !== undefined || !replica.version.equals(version)) stream.resume();
      return stream;
    });
  }
}
