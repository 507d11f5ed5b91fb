// subscribe: "send me this origin's ops after that seq", with the hash chain there so that a sender whose log differs says
// so instead of sending. unsubscribe ends it; ops under way may still arrive. denied answers a subscribe that cannot be
// served, or ends one that no longer can.
//
//   subscribe     origin text | after seq | chain hash at that seq (32)
//   unsubscribe   origin text
//   denied        origin text | reason (0 equivocation, 1 behind the retention horizon, 2 damaged)

import type { OriginId } from '@anabranch/causality';
import { type BoundedReader, frameInvalid } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { chainHashLength } from '../hash-chain.ts';
import { readOrigin } from '../vector-field.ts';

export interface SubscribeFrame {
  readonly type: 'subscribe';
  readonly origin: OriginId;
  readonly afterSeq: number;
  readonly chainHash: Uint8Array;
}

export interface UnsubscribeFrame {
  readonly type: 'unsubscribe';
  readonly origin: OriginId;
}

const denials = ['equivocation', 'pruned', 'damaged'] as const;
export type Denial = (typeof denials)[number];

export interface DeniedFrame {
  readonly type: 'denied';
  readonly origin: OriginId;
  readonly reason: Denial;
}

export function writeSubscribe(writer: ByteWriter, frame: SubscribeFrame): void {
  writer.text(frame.origin).uint(frame.afterSeq).bytes(frame.chainHash, chainHashLength);
}

export function readSubscribe(reader: BoundedReader): SubscribeFrame {
  return { type: 'subscribe', origin: readOrigin(reader), afterSeq: reader.uint(), chainHash: reader.bytes(chainHashLength) };
}

export function writeUnsubscribe(writer: ByteWriter, frame: UnsubscribeFrame): void {
  writer.text(frame.origin);
}

export function readUnsubscribe(reader: BoundedReader): UnsubscribeFrame {
  return { type: 'unsubscribe', origin: readOrigin(reader) };
}

export function writeDenied(writer: ByteWriter, frame: DeniedFrame): void {
  writer.text(frame.origin).byte(denials.indexOf(frame.reason));
}

export function readDenied(reader: BoundedReader): DeniedFrame {
  const origin = readOrigin(reader);
  const reason = denials[reader.byte()];
  if (reason === undefined) throw frameInvalid('the reason of a denial is unknown');
  return { type: 'denied', origin, reason };
}
