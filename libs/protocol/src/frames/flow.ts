// credit: the receiver allows so many more bytes of op frames; a sender with none left waits. acknowledge: what the sender
// has made durable, complete at first and then only the components that changed.
//
//   credit        bytes
//   acknowledge   count { origin text, seq }

import type { OriginId } from '@anabranch/causality';
import type { BoundedReader } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { vectorOriginsMax } from '../limits.ts';
import { readOrigin } from '../op.ts';

export interface CreditFrame {
  readonly type: 'credit';
  readonly bytes: number;
}

export interface AcknowledgeFrame {
  readonly type: 'acknowledge';
  readonly durable: ReadonlyArray<readonly [OriginId, number]>;
}

/** More than any receiver grants at once. */
const creditBytesMax = 2 ** 31;

export function writeCredit(writer: ByteWriter, frame: CreditFrame): void {
  writer.uint(frame.bytes);
}

export function readCredit(reader: BoundedReader): CreditFrame {
  return { type: 'credit', bytes: reader.uint(creditBytesMax) };
}

export function writeAcknowledge(writer: ByteWriter, frame: AcknowledgeFrame): void {
  writer.uint(frame.durable.length);
  for (const [origin, seq] of frame.durable) writer.text(origin).uint(seq);
}

export function readAcknowledge(reader: BoundedReader): AcknowledgeFrame {
  const durable = Array.from(
    { length: reader.uint(vectorOriginsMax) },
    () => [readOrigin(reader), reader.uint()] as const,
  );
  return { type: 'acknowledge', durable };
}
