export { BoundedReader, frameInvalid } from './bounded-reader.ts';
export { ByteWriter } from './byte-writer.ts';
export { collectionOf, type DocumentId, documentIdOf, isCollectionName, localIdOf, parseDocumentId } from './document-id.ts';
export type { AwarenessFrame } from './frames/awareness.ts';
export type { FetchedFrame, FetchFrame } from './frames/fetch.ts';
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
  collectionBytesMax,
  credentialBytesMax,
  followedDocumentsMax,
  frameBytesMax,
  frameBytesTarget,
  frameDocumentsMax,
  frameOpsMax,
  holdingsMax,
  idempotencyKeyLengthMax,
  linkedRegionsMax,
  opBytesMax,
  opWritesMax,
  refusalBytesMax,
  requestFrameBytesMax,
  sessionCollectionsMax,
  stateBytesMax,
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
export type { ChangesFrame, FollowedOp, ReplicatedFrame, StateFrame, UnavailableFrame } from './session/changes.ts';
export { isDamageOfRegion, isDocumentRefusal, isFinalRefusal } from './session/final-refusals.ts';
export type { FollowedDocument, FollowFrame, UnfollowFrame } from './session/follow.ts';
export { type CollectionDefinition, type OpenFrame, resumeKeyLength, type WelcomeFrame } from './session/open.ts';
export type { PresenceFrame } from './session/presence.ts';
export type { DocumentUpdate, PushedFrame, PushFrame, RefusedFrame } from './session/push.ts';
export {
  decodeSessionAnswer,
  decodeSessionRequest,
  encodeSessionFrame,
  type SessionAnswer,
  type SessionRequest,
  sessionProtocol,
} from './session/session-frame.ts';
export type { VectorEntries } from './vector-field.ts';
