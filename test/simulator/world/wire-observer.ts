// Looks at the frames that arrive: each goes to the trace, and what only the wire shows is counted.

import { crc32 } from 'node:zlib';
import { decodeLinkFrame } from '@anabranch/protocol';
import type { Sometimes } from '../run/sometimes.ts';
import type { Trace } from '../run/trace.ts';

/** The first byte of a subscribe frame; others are not decoded. */
const subscribeCode = 4;

export class WireObserver {
  readonly #trace: Trace;
  readonly #sometimes: Sometimes;

  constructor(trace: Trace, sometimes: Sometimes) {
    this.#trace = trace;
    this.#sometimes = sometimes;
  }

  arrived(from: string, to: string, frame: Uint8Array): void {
    this.#trace.note(`${from} > ${to} ${frame[0]} ${frame.length} ${crc32(frame)}`);
    if (frame[0] !== subscribeCode) return;
    const decoded = decodeLinkFrame(frame);
    if (decoded?.type === 'subscribe' && decoded.afterSeq > 0) this.#sometimes.hit('resumed_stream');
  }
}
