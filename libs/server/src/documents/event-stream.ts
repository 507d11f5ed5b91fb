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
// Invariant 3: closing releases the session, once.

import { VersionVector } from '@anabranch/causality';
import type { DocumentSession } from '@anabranch/engine';
import type { DocumentId } from '@anabranch/protocol';
import type { DoorParts } from '../door-parts.ts';
import { answerText } from '../http/answer-text.ts';
import type { StreamSink } from '../http/door-request.ts';
import { sessionTokenOf } from '../http/fields.ts';
import { PacedStream } from '../http/paced-stream.ts';

/** What the client waits before it connects again, as the first line of a stream tells it. */
const reconnectMs = 1_000;

export class EventStream {
  readonly #parts: DoorParts;
  readonly #document: DocumentId;
  readonly #session: DocumentSession;
  readonly #stream: PacedStream;
  #sent: VersionVector = VersionVector.empty;
  #isDirty = false;
  #isSending = false;

  /** @throws AnabranchError as `openSession` does. */
  constructor(parts: DoorParts, document: DocumentId, sink: StreamSink, whenClosed: () => void) {
    this.#parts = parts;
    this.#document = document;
    this.#session = parts.replica.openSession(document, {
      deliver: () => this.#changed(),
      awareness: () => {},
      ended: () => this.close(),
    });
    this.#stream = new PacedStream(parts, {
      ...{ name: 'events', details: { document }, sink },
      beat: () => {
        if (!this.#stream.isBehind) void this.#stream.write(': heartbeat\n\n');
      },
      whenClosed: () => {
        this.#session.close();
        whenClosed();
      },
    });
    void this.#stream.write(`retry: ${reconnectMs}\n\n`);
  }

  /** Sends the present view first: the reader has seen an older version, or may have, or a change came before this listened. */
  resume(): void {
    this.#changed();
  }

  /** Ends the stream; the reader may connect again, to any region. */
  close(): void {
    this.#stream.end();
  }

  #changed(): void {
    this.#isDirty = true;
    if (this.#isSending || this.#stream.isClosed) return;
    this.#isSending = true;
    this.#send().catch((error: unknown) => {
      this.#parts.logger.error('events.failed', { document: this.#document, error });
      this.close();
    });
  }

  async #send(): Promise<void> {
    while (this.#isDirty && !this.#stream.isClosed) {
      this.#isDirty = false;
      const view = await this.#parts.replica.read(this.#document);
      // One read may have covered several deliveries.
      if (view.version.equals(this.#sent)) continue;
      this.#sent = view.version;
      const name = view.exists ? '' : 'event: removed\n';
      const data = answerText(view.json);
      await this.#stream.write(`${name}id: ${sessionTokenOf(view.version)}\ndata: ${data}\n\n`);
    }
    this.#isSending = false;
  }
}
