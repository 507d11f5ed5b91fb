// ops: consecutive ops of one origin's log, byte for byte as the origin made them. Only the last chain hash travels; the
// receiver recomputes the chain from the hash it holds and so verifies every op and its place.
//
//   origin text | first seq | count | { op bytes, sized } ... | chain hash after the last (32)

import type { OriginId } from '@anabranch/causality';
import { type BoundedReader, frameInvalid } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { chainHashLength } from '../hash-chain.ts';
import { frameOpsMax, opBytesMax } from '../limits.ts';
import { readOrigin } from '../vector-field.ts';

export interface OpsFrame {
  readonly type: 'ops';
  readonly origin: OriginId;
  readonly firstSeq: number;
  readonly ops: readonly Uint8Array[];
  readonly lastChainHash: Uint8Array;
}

export function writeOps(writer: ByteWriter, frame: OpsFrame): void {
  writer.text(frame.origin).uint(frame.firstSeq).uint(frame.ops.length);
  for (const op of frame.ops) writer.sizedBytes(op);
  writer.bytes(frame.lastChainHash, chainHashLength);
}

export function readOps(reader: BoundedReader): OpsFrame {
  const origin = readOrigin(reader);
  const firstSeq = reader.uint();
  const ops = reader.list(frameOpsMax, () => reader.sizedBytes(opBytesMax));
  if (firstSeq === 0 || ops.length === 0) throw frameInvalid('a frame of ops is empty');
  return { type: 'ops', origin, firstSeq, ops, lastChainHash: reader.bytes(chainHashLength) };
}
