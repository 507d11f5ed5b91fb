// awareness: ephemeral bytes of one session (cursors, names), for the sessions of the same document in other regions.
// Never logged, dropped when a link is busy. Flooded over the mesh: (origin, counter) lets each region take one once.
//
//   origin text | counter | document text | bytes, sized

import type { OriginId } from '@anabranch/causality';
import type { BoundedReader } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { type DocumentId, readDocumentId } from '../document-id.ts';
import { awarenessBytesMax } from '../limits.ts';
import { readOrigin } from '../vector-field.ts';

export interface AwarenessFrame {
  readonly type: 'awareness';
  /** The region whose session sent it. */
  readonly origin: OriginId;
  /** Rises with each message of that region's process. */
  readonly counter: number;
  readonly document: DocumentId;
  readonly bytes: Uint8Array;
}

export function writeAwareness(writer: ByteWriter, frame: AwarenessFrame): void {
  writer.text(frame.origin).uint(frame.counter).text(frame.document).sizedBytes(frame.bytes);
}

export function readAwareness(reader: BoundedReader): AwarenessFrame {
  return {
    type: 'awareness',
    origin: readOrigin(reader),
    counter: reader.uint(),
    document: readDocumentId(reader),
    bytes: reader.sizedBytes(awarenessBytesMax),
  };
}
