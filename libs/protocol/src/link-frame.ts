// Every message on a link: one type byte, then the frame's own form (frames/*.ts). A type byte of 128 and above marks a
// frame that a receiver may ignore when it does not know it; unknown types below end the link.

import { AnabranchError, assert } from '@anabranch/base';
import { BoundedReader, frameInvalid } from './bounded-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type AwarenessFrame, readAwareness, writeAwareness } from './frames/awareness.ts';
import { type FetchedFrame, type FetchFrame, readFetch, readFetched, writeFetch, writeFetched } from './frames/fetch.ts';
import { type AcknowledgeFrame, type CreditFrame, readAcknowledge, readCredit, writeAcknowledge, writeCredit } from './frames/flow.ts';
import { type HeadsFrame, readHeads, writeHeads } from './frames/heads.ts';
import { type HelloFrame, readHello, writeHello } from './frames/hello.ts';
import { type HoldingsFrame, readHoldings, writeHoldings } from './frames/holdings.ts';
import { type OpsFrame, readOps, writeOps } from './frames/ops.ts';
import { type ProbedFrame, type ProbeFrame, readProbe, readProbed, writeProbe, writeProbed } from './frames/probe.ts';
import { type ProofFrame, readProof, writeProof } from './frames/proof.ts';
import { type RightsFrame, readRights, writeRights } from './frames/rights.ts';
import {
  type DeniedFrame,
  readDenied,
  readSubscribe,
  readUnsubscribe,
  type SubscribeFrame,
  type UnsubscribeFrame,
  writeDenied,
  writeSubscribe,
  writeUnsubscribe,
} from './frames/subscription.ts';
import { frameBytesMax } from './limits.ts';
import { protocolVersion } from './protocol-version.ts';

export type LinkFrame =
  | HelloFrame
  | ProofFrame
  | HeadsFrame
  | SubscribeFrame
  | UnsubscribeFrame
  | DeniedFrame
  | OpsFrame
  | CreditFrame
  | AcknowledgeFrame
  | AwarenessFrame
  | HoldingsFrame
  | ProbeFrame
  | ProbedFrame
  | FetchFrame
  | FetchedFrame
  | RightsFrame;

type FrameType = LinkFrame['type'];
type FrameOf<T extends FrameType> = Extract<LinkFrame, { type: T }>;

interface FrameCodec<T extends FrameType> {
  readonly code: number;
  readonly write: (writer: ByteWriter, frame: FrameOf<T>) => void;
  readonly read: (reader: BoundedReader) => FrameOf<T>;
}

const codecs: { readonly [T in FrameType]: FrameCodec<T> } = {
  hello: { code: 1, write: writeHello, read: readHello },
  proof: { code: 2, write: writeProof, read: readProof },
  heads: { code: 3, write: writeHeads, read: readHeads },
  subscribe: { code: 4, write: writeSubscribe, read: readSubscribe },
  unsubscribe: { code: 5, write: writeUnsubscribe, read: readUnsubscribe },
  denied: { code: 6, write: writeDenied, read: readDenied },
  ops: { code: 7, write: writeOps, read: readOps },
  credit: { code: 8, write: writeCredit, read: readCredit },
  acknowledge: { code: 9, write: writeAcknowledge, read: readAcknowledge },
  awareness: { code: 128, write: writeAwareness, read: readAwareness },
  holdings: { code: 129, write: writeHoldings, read: readHoldings },
  probe: { code: 130, write: writeProbe, read: readProbe },
  probed: { code: 131, write: writeProbed, read: readProbed },
  fetch: { code: 132, write: writeFetch, read: readFetch },
  fetched: { code: 133, write: writeFetched, read: readFetched },
  rights: { code: 140, write: writeRights, read: readRights },
};

const readers: ReadonlyMap<number, (reader: BoundedReader) => LinkFrame> = new Map(
  Object.values(codecs).map((codec) => [codec.code, codec.read]),
);
const ignorableFrom = 128;

export function encodeLinkFrame<T extends FrameType>(frame: FrameOf<T>): Uint8Array<ArrayBuffer> {
  const codec: FrameCodec<T> = codecs[frame.type as T];
  const writer = new ByteWriter().byte(codec.code);
  codec.write(writer, frame);
  const bytes = writer.finish();
  assert(bytes.length <= frameBytesMax, () => `a frame of type ${frame.type} has ${bytes.length} bytes`);
  return bytes;
}

/**
 * Decodes one frame; undefined for an unknown one that may be ignored.
 * @throws AnabranchError `frame_invalid` for everything malformed, oversized or unknown, and
 *   `protocol_version_unsupported` for a hello of a protocol whose form this one cannot know.
 */
export function decodeLinkFrame(bytes: Uint8Array): LinkFrame | undefined {
  if (bytes.length > frameBytesMax) throw frameInvalid('it is too large');
  const reader = new BoundedReader(bytes);
  const code = reader.byte();
  const read = readers.get(code);
  if (read === undefined) {
    if (code >= ignorableFrom) return undefined;
    throw frameInvalid(`its type ${code} is unknown`);
  }
  if (code === codecs.hello.code) refuseNewerForm(bytes);
  const frame = read(reader);
  // A hello that names a newer version, and accepts ours, may carry more than this version knows of.
  const mayCarryMore = frame.type === 'hello' && frame.protocolVersion > protocolVersion;
  if (!mayCarryMore) reader.end();
  return frame;
}

/** A hello starts with its version range in every protocol; one that excludes ours is not read any further. */
function refuseNewerForm(bytes: Uint8Array): void {
  const reader = new BoundedReader(bytes.subarray(1));
  reader.uint(0xffff);
  const floor = reader.uint(0xffff);
  if (floor <= protocolVersion) return;
  throw new AnabranchError(
    'protocol_version_unsupported',
    `the peer accepts protocol ${floor} and newer, this region speaks ${protocolVersion}`,
  );
}
