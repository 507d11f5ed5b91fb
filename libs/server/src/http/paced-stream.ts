// A streamed answer that is written no faster than it is read, with a heartbeat.
//
//   open --write--> reader behind --drained--> open
//                       \--for longer than eventStallMsMax--> cut
//
// Invariant 1: closing, by either side, releases both timers and calls `whenClosed`, once; no write waits after it.

import type { Clock, LogFields, Logger, Timer } from '@anabranch/base';
import type { ServerLimits } from '../server-limits.ts';
import type { StreamSink } from './door-request.ts';

export interface PacedStreamParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Pick<ServerLimits, 'eventHeartbeatMs' | 'eventStallMsMax'>;
}

export interface PacedStreamOptions {
  /** What the log calls the stream. */
  readonly name: 'changes' | 'events';
  readonly sink: StreamSink;
  /** What the log says with it. */
  readonly details: LogFields;
  /** Called every `eventHeartbeatMs`; left out for a stream that ends by itself. */
  readonly beat?: (() => void) | undefined;
  readonly whenClosed: () => void;
}

export class PacedStream {
  readonly #parts: PacedStreamParts;
  readonly #options: PacedStreamOptions;
  #isClosed = false;
  #stall: Timer | undefined;
  #heartbeat: Timer | undefined;

  constructor(parts: PacedStreamParts, options: PacedStreamOptions) {
    this.#parts = parts;
    this.#options = options;
    options.sink.whenClosed(() => this.#release());
    if (options.beat !== undefined) this.#beat(options.beat);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether a write waits for the reader. */
  get isBehind(): boolean {
    return this.#stall !== undefined;
  }

  /** Resolves when there is room for more, or the stream has closed: nothing waits for ever. */
  async write(text: string): Promise<void> {
    const { name, details, sink } = this.#options;
    if (this.#isClosed || sink.write(text)) return;
    const { clock, limits, logger } = this.#parts;
    this.#stall ??= clock.setTimer(limits.eventStallMsMax, () => {
      logger.info(`${name}.reader_stalled`, details);
      sink.cut();
    });
    await new Promise<void>((resolve) => sink.whenDrained(resolve));
    this.#stall?.cancel();
    this.#stall = undefined;
  }

  /** Ends the stream; the reader has been told all that there was. */
  end(): void {
    if (!this.#isClosed) this.#options.sink.end();
    this.#release();
  }

  /** Breaks the stream off: the reader must not take it for the end of what there is. */
  cut(): void {
    this.#options.sink.cut();
    this.#release();
  }

  #beat(beat: () => void): void {
    this.#heartbeat = this.#parts.clock.setTimer(this.#parts.limits.eventHeartbeatMs, () => {
      this.#beat(beat);
      beat();
    });
  }

  #release(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stall?.cancel();
    this.#heartbeat?.cancel();
    this.#options.whenClosed();
  }
}
