export { BoundedReader, frameInvalid } from './bounded-reader.ts';
export { ByteWriter } from './byte-writer.ts';
export { collectionOf, type DocumentId, documentIdOf, isCollectionName, localIdOf, parseDocumentId } from './document-id.ts';
export type { AwarenessFrame } from './frames/awareness.ts';
export type { AcknowledgeFrame, CreditFrame } from './frames/flow.ts';
export type { HeadsFrame, OriginReport } from './frames/heads.ts';
export type { HelloFrame } from './frames/hello.ts';
export type { HoldingsFrame, RegionHolding } from './frames/holdings.ts';
export type { OpsFrame } from './frames/ops.ts';
export type { ProbedFrame, ProbeFrame } from './frames/probe.ts';
export type { ProofFrame } from './frames/proof.ts';
export { type RightsFrame, rightsWantsMax } from './frames/rights.ts';
export type { Denial, DeniedFrame, SubscribeFrame, UnsubscribeFrame } from './frames/subscription.ts';
export { chainHashLength, chainNext, chainStart } from './hash-chain.ts';
export {
  awarenessBytesMax,
  frameBytesMax,
  frameBytesTarget,
  frameOpsMax,
  holdingsMax,
  idempotencyKeyLengthMax,
  linkedRegionsMax,
  opBytesMax,
  opWritesMax,
  traceLengthMax,
  updateBytesMax,
  vectorOriginsMax,
} from './limits.ts';
export { decodeLinkFrame, encodeLinkFrame, type LinkFrame } from './link-frame.ts';
export {
  type DocumentWrite,
  decodeOp,
  encodeOp,
  type Idempotency,
  isIdempotencyKey,
  type Op,
  requestDigestLength,
} from './op.ts';
export {
  agreeProtocolVersion,
  type ProtocolVersionRange,
  protocolVersion,
  protocolVersionFloor,
} from './protocol-version.ts';
