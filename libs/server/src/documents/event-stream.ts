// One reader of one document's changes, as server-sent events. The document's session tells that something changed; the
// stream then reads the durable view and sends it whole. While the reader is behind, changes only mark the stream dirty: it
// catches up with the newest view, so a stream holds one view and the socket's buffer, whatever happens.
//
//              deliver / resume                       written, nothing new
//   idle ----------------------> reading -> writing ----------------------> idle
//                                   ^          | reader behind
//                                   +-- drained-+--> stalled longer than eventStallMsMax: cut
//
// Invariant 1: each event's id is a session token that covers what the event shows, and ids only grow.
// Invariant 2: a change delivered while an event is read or written is followed by another event.
// Invariant 3: closing releases the session and every timer, once.

import type { Timer } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import type { DocumentSession } from '@anabranch/engine';
import type { DocumentId } from '@anabranch/protocol';
import type { DoorParts } from '../door-parts.ts';
import type { StreamSink } from '../http/door-request.ts';
import { sessionTokenOf } from '../http/fields.ts';

/** What the client waits before it connects again, as the first line of a stream tells it. */
const reconnectMs = 1_000;

export class EventStream {
  readonly #parts: DoorParts;
  readonly #document: DocumentId;
  readonly #sink: StreamSink;
  readonly #session: DocumentSession;
  readonly #whenClosed: () => void;
  #sent: VersionVector = VersionVector.empty;
  #isDirty = false;
  #isSending = false;
  #isClosed = false;
  #stall: Timer | undefined;
  #heartbeat: Timer | undefined;

  /** @throws AnabranchError as `openSession` does. */
  constructor(parts: DoorParts, document: DocumentId, sink: StreamSink, whenClosed: () => void) {
    this.#parts = parts;
    this.#document = document;
    this.#sink = sink;
    this.#whenClosed = whenClosed;
    this.#session = parts.replica.openSession(document, {
      deliver: () => this.#changed(),
      awareness: () => {},
      ended: () => this.close(),
    });
    sink.whenClosed(() => this.#release());
    sink.write(`retry: ${reconnectMs}\n\n`);
    this.#beat();
  }

  /** Sends the present view first: the reader has seen an older version, or may have. */
  resume(): void {
    this.#changed();
  }

  /** Ends the stream; the reader may connect again, to any region. */
  close(): void {
    if (!this.#isClosed) this.#sink.end();
    this.#release();
  }

  #changed(): void {
    this.#isDirty = true;
    if (this.#isSending || this.#isClosed) return;
    this.#isSending = true;
    this.#send().catch((error: unknown) => {
      this.#parts.logger.error('events.failed', { document: this.#document, error });
      this.close();
    });
  }

  async #send(): Promise<void> {
    while (this.#isDirty && !this.#isClosed) {
      this.#isDirty = false;
      const view = await this.#parts.replica.read(this.#document);
      // One read may have covered several deliveries.
      if (this.#isClosed || view.version.equals(this.#sent)) continue;
      this.#sent = view.version;
      const name = view.exists ? '' : 'event: removed\n';
      const data = JSON.stringify(view.json);
      if (!this.#sink.write(`${name}id: ${sessionTokenOf(view.version)}\ndata: ${data}\n\n`)) await this.#whenDrained();
    }
    this.#isSending = false;
  }

  #whenDrained(): Promise<void> {
    const { clock, limits, logger } = this.#parts;
    this.#stall = clock.setTimer(limits.eventStallMsMax, () => {
      logger.info('events.reader_stalled', { document: this.#document });
      this.#sink.cut();
    });
    return new Promise((resolve) => {
      // Also called when the stream closes: nothing waits for ever.
      this.#sink.whenDrained(() => {
        this.#stall?.cancel();
        this.#stall = undefined;
        resolve();
      });
    });
  }

  #beat(): void {
    const { clock, limits } = this.#parts;
    this.#heartbeat = clock.setTimer(limits.eventHeartbeatMs, () => {
      if (this.#stall === undefined) this.#sink.write(': heartbeat\n\n');
      this.#beat();
    });
  }

  #release(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stall?.cancel();
    this.#heartbeat?.cancel();
    this.#session.close();
    this.#whenClosed();
  }
}
