// Everything a sync session can make the region hold, send or work for, with its limit and what happens there.

import { followedDocumentsMax, opBytesMax, requestFrameBytesMax, updateBytesMax } from '@anabranch/protocol';

export interface SyncLimits {
  /** Open sync sessions of the region. Beyond: 503 before the upgrade. */
  readonly sessionsMax: number;
  /** Bytes of one y-websocket message. Beyond: close 1009 before it has arrived whole. */
  readonly yjsMessageBytesMax: number;
  /** Bytes of one Hocuspocus message. Beyond: close 1009 before it has arrived whole. An update above its own limit fits: it costs its document only. */
  readonly hocuspocusMessageBytesMax: number;
  /** Bytes of one automerge-repo message. Beyond: close 1009 before it has arrived whole. */
  readonly repoMessageBytesMax: number;
  /** Bytes of one frame of an embedded client. Beyond: close 1009 before it has arrived whole. */
  readonly documentsFrameBytesMax: number;
  /** Documents that one embedded client follows. Beyond: further ones are `unavailable` with `overloaded`. */
  readonly followedDocumentsMax: number;
  /** Documents at which one embedded client is present. Beyond: presence at further ones is `unavailable` with `overloaded`. */
  readonly presenceDocumentsMax: number;
  /** Bytes waiting to be sent to an embedded client. Beyond: what happens meanwhile is read from the log later, presence is missed. */
  readonly documentsUnsentBytesHigh: number;
  /** Refusals of documents that wait until an embedded client reads. Beyond: its socket is not read until they are sent. */
  readonly refusalsUnsentMax: number;
  /** How long it is remembered what an embedded client followed whose socket is gone. Then it names all of it again. */
  readonly resumeMsMax: number;
  /** Clients of which that is remembered, and documents of all of them. Beyond: the longest gone is forgotten. */
  readonly resumableClientsMax: number;
  readonly resumableDocumentsMax: number;
  /** How often a client is told where its writes are at most; while nothing changes, ever more seldom. */
  readonly replicatedMsMin: number;
  readonly replicatedMsMax: number;
  /** Bytes of received updates of one session on their way to durability. Beyond: its socket is not read until they are. */
  readonly ingestBytesMax: number;
  /** Pushes of one embedded client that are not answered, as many as it has on its way. Beyond: its socket is not read until they are. */
  readonly pushesInFlightMax: number;
  /** Documents to which an embedded client pushed what the region cannot take for their sake. Beyond: its session ends with the reason. */
  readonly heldUpDocumentsMax: number;
  /** Bytes that a write of a push counts as on its way to durability, beside the bytes of its frame: what is held of it. */
  readonly pushWriteBytes: number;
  /** Bytes waiting to be sent to a client, besides the answer it asked for. Beyond: close 1013, the client syncs anew. */
  readonly sendBufferBytesMax: number;
  /** Bytes waiting to be sent to an automerge-repo client. Beyond: what happens meanwhile goes into one later message. */
  readonly repoUnsentBytesHigh: number;
  /** Bytes waiting to be sent to a y-websocket or Hocuspocus client. Beyond: it misses presence, until others renew theirs. */
  readonly presenceUnsentBytesHigh: number;
  /** Bytes waiting to be sent to a Hocuspocus client. Beyond: further documents that it opens are sent later. */
  readonly hocuspocusUnsentBytesHigh: number;
  /**
   * Updates in a row that build on parts this region lacks; of Hocuspocus, answers to the question for them. Beyond: close 1013,
   * the client starts afresh; of Hocuspocus, the document is closed.
   */
  readonly incompleteUpdatesMax: number;
  /** Bytes of changes one socket's documents hold until the ones they build on have come. Beyond: close 1013. */
  readonly heldChangeBytesMax: number;
  /** Documents of one automerge-repo or Hocuspocus socket. Beyond: close 1013; of Hocuspocus, the further document is refused. */
  readonly documentsPerSocketMax: number;
  /** Time spent per second on working out what one session asks for. Beyond: its socket is not read for a while. */
  readonly questionMsPerSecondMax: number;
  /** Bytes of awareness that one session sends per second. Beyond: its socket is not read for a while. */
  readonly awarenessBytesPerSecondMax: number;
  /** Bytes of one client's awareness state. Beyond: close 1009. */
  readonly awarenessStateBytesMax: number;
  /** Awareness states of one document. Beyond: further clients are not shown to others. */
  readonly awarenessStatesMax: number;
  /** Age at which an awareness state that was not renewed is forgotten; clients renew every 15 s. */
  readonly awarenessExpiryMs: number;
  /** How often all sessions are looked after: liveness, expiry, keep-alive. */
  readonly sweepMs: number;
  /** Silence towards a client after which it is sent something: y-websocket gives up a server after 30 s without. */
  readonly keepAliveMs: number;
  /** Time a session that presents a token waits for the region to cover it. Beyond: close 1013 `not_yet_visible`. */
  readonly sessionWaitMsMax: number;
  /** Time for an automerge-repo client to join. Beyond: its connection is cut. */
  readonly joinMsMax: number;
  /** Silence of a client after which it is pinged. */
  readonly pingAfterMs: number;
  /** Silence of a client after which its connection is cut. */
  readonly silenceMsMax: number;
  /** A close handshake that the client does not finish in this time ends with the connection cut. */
  readonly closeMsMax: number;
}

export const defaultSyncLimits: SyncLimits = {
  sessionsMax: 20_000,
  yjsMessageBytesMax: updateBytesMax + 16,
  hocuspocusMessageBytesMax: opBytesMax,
  repoMessageBytesMax: opBytesMax,
  documentsFrameBytesMax: requestFrameBytesMax,
  followedDocumentsMax,
  presenceDocumentsMax: 256,
  documentsUnsentBytesHigh: 512 << 10,
  refusalsUnsentMax: 4_096,
  resumeMsMax: 600_000,
  resumableClientsMax: 10_000,
  resumableDocumentsMax: 1_000_000,
  replicatedMsMin: 50,
  replicatedMsMax: 1_000,
  ingestBytesMax: 4 << 20,
  pushesInFlightMax: 512,
  heldUpDocumentsMax: 4_096,
  pushWriteBytes: 512,
  sendBufferBytesMax: 4 << 20,
  repoUnsentBytesHigh: 256 << 10,
  presenceUnsentBytesHigh: 256 << 10,
  hocuspocusUnsentBytesHigh: 256 << 10,
  incompleteUpdatesMax: 16,
  heldChangeBytesMax: 4 << 20,
  documentsPerSocketMax: 1_024,
  questionMsPerSecondMax: 250,
  awarenessBytesPerSecondMax: 256 << 10,
  awarenessStateBytesMax: 8 << 10,
  awarenessStatesMax: 1_000,
  awarenessExpiryMs: 30_000,
  sweepMs: 5_000,
  keepAliveMs: 10_000,
  sessionWaitMsMax: 2_000,
  joinMsMax: 10_000,
  pingAfterMs: 10_000,
  silenceMsMax: 40_000,
  closeMsMax: 2_000,
};
