// presence: who is at a document, in the form of Yjs awareness updates (y-protocols), so that clients of every kind see each
// other. Never logged. alive: says nothing, from either side, so that silence means loss.
//
//   presence   document text | awareness update, sized     empty: from here on, tell me of this document; until it is unfollowed
//   alive      -
//   covering   -                                from the region: it now has all that the client had seen elsewhere

import type { BoundedReader } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { type DocumentId, readDocumentId } from '../document-id.ts';
import { awarenessBytesMax } from '../limits.ts';

export interface PresenceFrame {
  readonly type: 'presence';
  readonly document: DocumentId;
  readonly update: Uint8Array;
}

export interface AliveFrame {
  readonly type: 'alive';
}

export interface CoveringFrame {
  readonly type: 'covering';
}

export function writePresence(writer: ByteWriter, frame: PresenceFrame): void {
  writer.text(frame.document).sizedBytes(frame.update);
}

export function readPresence(reader: BoundedReader): PresenceFrame {
  return { type: 'presence', document: readDocumentId(reader), update: reader.sizedBytes(awarenessBytesMax) };
}
