// proof: shows that the sender holds the mesh key, bound to both hellos and to the sender's side of the connection, so
// that it can be neither replayed on another connection nor reflected back.
//
//   hmac-sha256(mesh key, "anabranch-link-proof-1" | role of the sender | own hello frame | peer's hello frame)

import type { BoundedReader } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

const macLength = 32;

export interface ProofFrame {
  readonly type: 'proof';
  readonly mac: Uint8Array;
}

export function writeProof(writer: ByteWriter, frame: ProofFrame): void {
  writer.bytes(frame.mac, macLength);
}

export function readProof(reader: BoundedReader): ProofFrame {
  return { type: 'proof', mac: reader.bytes(macLength) };
}
