// One reader of the change feed. It reads the next op from the logs when the socket has room, so it holds one event and the
// socket's buffer, however far the reader is behind; more ops only wake it up.
//
//            more ops durable                         nothing durable is unread
//   waiting ----------------> reading -> writing --------------------------------> waiting, or ended
//                                ^          | reader behind
//                                +-- drained-+--> stalled longer than eventStallMsMax: cut
//
// Invariant 1: events come in the order of the feed (the engine's ChangeFeed), each with the vector after it, also when the
//              filter passes over ops in between.
// Invariant 2: a reader that follows is told of its place at least every eventHeartbeatMs.
// Invariant 3: closing releases the reader, once.

import type { VersionVector } from '@anabranch/causality';
import type { ChangeReader } from '@anabranch/engine';
import type { DoorParts } from '../door-parts.ts';
import type { StreamSink } from '../http/door-request.ts';
import { sessionTokenOf } from '../http/fields.ts';
import { PacedStream } from '../http/paced-stream.ts';
import { changeEventOf, type EventOptions, matchingDocuments, placeEventOf } from './change-event.ts';

export interface ChangeStreamOptions extends EventOptions {
  readonly after: VersionVector;
  readonly format: 'events' | 'lines';
  readonly isFollowing: boolean;
  /** Events after which the stream ends. */
  readonly eventsMax: number;
}

/** What the client waits before it connects again, as the first line of a stream tells it. */
const reconnectMs = 1_000;
/** Ops passed over, or told, after which others get their turn. */
const sliceOpsMax = 64;

export class ChangeStream {
  readonly #parts: DoorParts;
  readonly #options: ChangeStreamOptions;
  readonly #reader: ChangeReader;
  readonly #stream: PacedStream;
  #told: VersionVector | undefined;
  #eventsLeft: number;
  #hasMore = false;
  /** The reader is to be told its place, whatever there is: first of all, and with every heartbeat. */
  #isPlaceDue: boolean;
  #isSending = false;

  constructor(parts: DoorParts, options: ChangeStreamOptions, sink: StreamSink, whenClosed: () => void) {
    this.#parts = parts;
    this.#options = options;
    this.#eventsLeft = options.eventsMax;
    this.#isPlaceDue = options.isFollowing;
    this.#reader = parts.replica.past.changes.readAfter(options.after, () => this.#wake());
    this.#stream = new PacedStream(parts, {
      ...{ name: 'changes', details: {}, sink },
      beat: options.isFollowing ? () => this.#tellPlaceSoon() : undefined,
      whenClosed: () => {
        this.#reader.close();
        whenClosed();
      },
    });
    if (options.format === 'events') void this.#stream.write(`retry: ${reconnectMs}\n\n`);
    this.#wake();
  }

  /** Ends the stream; the reader may go on from its last token, in any region. */
  close(): void {
    this.#stream.end();
  }

  #tellPlaceSoon(): void {
    this.#isPlaceDue = true;
    this.#wake();
  }

  #wake(): void {
    this.#hasMore = true;
    if (this.#isSending || this.#stream.isClosed) return;
    this.#isSending = true;
    this.#send().catch((error: unknown) => {
      this.#parts.logger.error('changes.failed', { error });
      // A reader must not take this for the end of what there is.
      this.#stream.cut();
    });
  }

  async #send(): Promise<void> {
    const isEnding = (): boolean => !this.#options.isFollowing || this.#eventsLeft === 0;
    while ((this.#hasMore || this.#isPlaceDue) && !this.#stream.isClosed) {
      this.#hasMore = false;
      await this.#sendAll();
      if (isEnding()) this.#isPlaceDue = this.#told === undefined || !this.#told.equals(this.#reader.version);
      if (this.#isPlaceDue) await this.#tellPlace();
      if (isEnding()) return this.close();
    }
    this.#isSending = false;
  }

  async #sendAll(): Promise<void> {
    for (let count = 1; this.#eventsLeft > 0 && !this.#stream.isClosed; count++) {
      const op = this.#reader.next();
      if (op === undefined) return;
      const documents = matchingDocuments(op, this.#options);
      if (documents.length > 0) {
        const event = await changeEventOf(this.#parts.replica, op, documents, this.#options.hasViews);
        this.#eventsLeft -= 1;
        await this.#write(op.version, event);
      }
      if (count % sliceOpsMax === 0) await new Promise<void>((resolve) => void this.#parts.clock.setTimer(0, resolve));
    }
  }

  #tellPlace(): Promise<void> {
    this.#isPlaceDue = false;
    return this.#write(this.#reader.version, undefined);
  }

  async #write(version: VersionVector, event: string | undefined): Promise<void> {
    if (this.#stream.isClosed) return;
    this.#told = version;
    await this.#stream.write(this.#framed(version, event));
  }

  /** In server-sent events a block without data moves the last id, and wakes nobody. */
  #framed(version: VersionVector, event: string | undefined): string {
    if (this.#options.format === 'lines') return `${event ?? placeEventOf(version)}\n`;
    const id = `id: ${sessionTokenOf(version)}\n`;
    return event === undefined ? `${id}\n` : `${id}data: ${event}\n\n`;
  }
}
