// Looks at the frames that arrive: each goes to the trace, and what only the wire shows is counted.

import { crc32 } from 'node:zlib';
import type { OriginId } from '@anabranch/causality';
import { decodeLinkFrame, decodeOp, type OpsFrame } from '@anabranch/protocol';
import type { Sometimes } from '../run/sometimes.ts';
import type { Trace } from '../run/trace.ts';

/** The first bytes of the frames that are decoded. */
const [subscribeCode, opsCode] = [4, 7];
/** Of so many frames of ops one is looked into. */
const opsEvery = 4;

export class WireObserver {
  readonly #trace: Trace;
  readonly #sometimes: Sometimes;
  readonly #heldSeq: (region: string, origin: OriginId) => number;
  #opsFrames = 0;

  /** `heldSeq` tells how much of an origin a region holds durably. */
  constructor(trace: Trace, sometimes: Sometimes, heldSeq: (region: string, origin: OriginId) => number) {
    this.#trace = trace;
    this.#sometimes = sometimes;
    this.#heldSeq = heldSeq;
  }

  arrived(from: string, to: string, frame: Uint8Array): void {
    this.#trace.note(`${from} > ${to} ${frame[0]} ${frame.length} ${crc32(frame)}`);
    const isOps = frame[0] === opsCode && this.#opsFrames++ % opsEvery === 0;
    if (frame[0] !== subscribeCode && !isOps) return;
    const decoded = decodeLinkFrame(frame);
    if (decoded?.type === 'subscribe' && decoded.afterSeq > 0) this.#sometimes.hit('resumed_stream');
    if (decoded?.type === 'ops' && this.#mustWait(decoded, to)) this.#sometimes.hit('held_op');
  }

  /** Whether an op arrives before one that it depends on. */
  #mustWait({ ops }: OpsFrame, region: string): boolean {
    return ops.some((bytes) => decodeOp(bytes).dependencies.some(([origin, seq]) => seq > this.#heldSeq(region, origin)));
  }
}
