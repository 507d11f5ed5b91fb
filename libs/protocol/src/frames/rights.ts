// rights: a region asks others for rights to a bounded counter. What they give is an op of theirs, which comes by their log
// like any other; this only asks, may get lost, and is flooded over the mesh like awareness: (origin, counter) lets each
// region take one once.
//
//   origin text | counter | ask | document text | path text | kind 0 down, 1 up | urgent 0, 1
//   wants: count { region text, amount }

import { isRegionId, type OriginId, type RegionId } from '@anabranch/causality';
import { type BoundedReader, frameInvalid } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { type DocumentId, readDocumentId } from '../document-id.ts';
import { readOrigin } from '../vector-field.ts';

export interface RightsFrame {
  readonly type: 'rights';
  /** Who asks, and to whom the rights are transferred. */
  readonly origin: OriginId;
  /** Rises with each message of that region's process. */
  readonly counter: number;
  /** The counter of the first message that asked for this: who has answered it before does not answer again. */
  readonly ask: number;
  readonly document: DocumentId;
  /** A JSON pointer to the bounded counter. */
  readonly path: string;
  readonly kind: 'down' | 'up';
  /** Somebody waits for it; otherwise it is for later. */
  readonly isUrgent: boolean;
  /** How much is asked of whom, 1 to 16 regions. */
  readonly wants: ReadonlyArray<{ readonly region: RegionId; readonly amount: number }>;
}

/** Regions that one message asks. */
export const rightsWantsMax = 16;
/** UTF-8 bytes of a path in a rights frame: as long as the operations allow. */
const rightsPathBytesMax: number = 64 << 10;

const kinds = ['down', 'up'] as const;

export function writeRights(writer: ByteWriter, frame: RightsFrame): void {
  writer.text(frame.origin).uint(frame.counter).uint(frame.ask).text(frame.document).text(frame.path);
  writer
    .byte(kinds.indexOf(frame.kind))
    .byte(frame.isUrgent ? 1 : 0)
    .uint(frame.wants.length);
  for (const { region, amount } of frame.wants) writer.text(region).uint(amount);
}

export function readRights(reader: BoundedReader): RightsFrame {
  const [origin, counter, ask] = [readOrigin(reader), reader.uint(), reader.uint()];
  const [document, path] = [readDocumentId(reader), reader.text(rightsPathBytesMax)];
  const kind = kinds[reader.byte()];
  const urgency = reader.byte();
  if (kind === undefined || urgency > 1) throw frameInvalid('a rights frame is malformed');
  const wants = reader.list(rightsWantsMax, () => {
    const region = reader.text(32);
    const amount = reader.uint();
    if (!isRegionId(region) || amount < 1) throw frameInvalid('rights are asked of a region, at least one');
    return { region, amount };
  });
  return { type: 'rights', origin, counter, ask, document, path, kind, isUrgent: urgency === 1, wants };
}
