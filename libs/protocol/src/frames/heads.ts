// heads: what the sender holds durably, sent after the handshake and as the heartbeat. A receiver measures its lag by it,
// notices streams that do not move, and learns which peer can relay which origin.
//
//   sent at | wall ms | echo of the peer's last sent at | ms it was held here
//   origins: count { origin text, seq, oldest seq held, log bytes, complete ms }

import type { OriginId } from '@anabranch/causality';
import { type BoundedReader, frameInvalid } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { vectorOriginsMax } from '../limits.ts';
import { readOrigin } from '../vector-field.ts';

export interface OriginReport {
  readonly origin: OriginId;
  readonly seq: number;
  readonly oldestSeq: number;
  /** Bytes of the origin's log up to `seq`. */
  readonly logBytes: number;
  /** Wall time of the origin up to which its writes are all within `seq`: the watermark of freshness. */
  readonly completeMs: number;
}

export interface HeadsFrame {
  readonly type: 'heads';
  /** The sender's monotonic clock, in ms; returned as `echo`. */
  readonly sentAtMs: number;
  readonly wallMs: number;
  /** The `sentAtMs` of the newest heads the sender has received, 0 before the first. */
  readonly echoMs: number;
  /** How long the sender had that one when it sent this. */
  readonly echoHeldMs: number;
  readonly origins: readonly OriginReport[];
}

export function writeHeads(writer: ByteWriter, frame: HeadsFrame): void {
  writer.uint(frame.sentAtMs).uint(frame.wallMs).uint(frame.echoMs).uint(frame.echoHeldMs).uint(frame.origins.length);
  for (const report of frame.origins) {
    writer.text(report.origin).uint(report.seq).uint(report.oldestSeq).uint(report.logBytes).uint(report.completeMs);
  }
}

export function readHeads(reader: BoundedReader): HeadsFrame {
  const [sentAtMs, wallMs, echoMs, echoHeldMs] = [reader.uint(), reader.uint(), reader.uint(), reader.uint()];
  const origins = reader.list(vectorOriginsMax, () => ({
    origin: readOrigin(reader),
    seq: reader.uint(),
    oldestSeq: reader.uint(),
    logBytes: reader.uint(),
    completeMs: reader.uint(),
  }));
  const isUnambiguous = new Set(origins.map((report) => report.origin)).size === origins.length;
  if (!isUnambiguous) throw frameInvalid('heads report an origin twice');
  return { type: 'heads', sentAtMs, wallMs, echoMs, echoHeldMs, origins };
}
