// The streams of one kind that a region writes: how many there are, those included whose readers wait for their first word.
//
//   asked --answered--> open --either side--> closed
//      \--refused, or the reader has gone
//
// Invariant 1: streams that are asked for and those that are open are never more than the limit together, whatever is waited for.
// Invariant 2: after the end no stream stays open: one that was asked for before ends as it opens.

import { AnabranchError } from '@anabranch/base';
import type { DoorResponse, StreamSink } from './door-request.ts';

interface Stream {
  close(): void;
}

export class OpenStreams {
  readonly #countMax: number;
  readonly #open = new Set<Stream>();
  #asked = 0;
  #isClosed = false;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  get count(): number {
    return this.#open.size;
  }

  /**
   * The answer that becomes a stream. `prepare` waits for what the stream needs and gives the header fields; `open` begins it.
   * @throws AnabranchError `overloaded`, or what `prepare` throws.
   */
  async answer(
    prepare: () => Promise<DoorResponse['headers']>,
    open: (sink: StreamSink, whenClosed: () => void) => Stream,
  ): Promise<DoorResponse> {
    if (this.#open.size + this.#asked >= this.#countMax) throw new AnabranchError('overloaded', 'too many streams are read');
    this.#asked += 1;
    const answered = (): void => {
      this.#asked -= 1;
    };
    const headers = await prepare().catch((error: unknown) => {
      answered();
      throw error;
    });
    const body = (sink: StreamSink): void => {
      answered();
      const stream: Stream = open(sink, () => this.#open.delete(stream));
      this.#open.add(stream);
      if (this.#isClosed) stream.close();
    };
    return { status: 200, headers, body, dropped: answered };
  }

  /** Ends every stream. */
  close(): void {
    this.#isClosed = true;
    for (const stream of [...this.#open]) stream.close();
  }
}
