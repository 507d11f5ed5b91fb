// The limits of what crosses a link or reaches the log. A write is measured before it is accepted with the same bounds
// that a peer applies when it receives the op, so an accepted write can always be replicated.

import { tokenOriginsMax } from '@anabranch/causality';

/** One CRDT update inside an op. Beyond: `request_too_large` at REST, close 1009 on a session. */
export const updateBytesMax: number = 1 << 20;
/** Documents written by one op (a transaction). Beyond: `op_invalid`. */
export const opWritesMax = 64;
/** One encoded op. Beyond: `request_too_large`, before it is logged. */
export const opBytesMax: number = 4 << 20;
/** Ops in one frame; a sender starts the next frame. */
export const frameOpsMax = 4096;
/** Bytes of ops a sender gathers in one frame (a single larger op travels alone). */
export const frameBytesTarget: number = 256 << 10;
/** One link frame, before decompression and after. Beyond: the link is closed with 1009. */
export const frameBytesMax: number = opBytesMax + (64 << 10);
/** Origins in a vector on a link or in an op, as many as in a session token. Beyond: the frame is refused. */
export const vectorOriginsMax: number = tokenOriginsMax;
/** Regions in one frame of holdings; the rest follow in the next. Beyond: the frame is refused. */
export const holdingsMax = 64;
/** Regions that a frame names as linked. Beyond: the frame is refused. */
export const linkedRegionsMax = 1024;
/** Characters of an Idempotency-Key. */
export const idempotencyKeyLengthMax = 255;
/** Characters of a trace context. */
export const traceLengthMax = 255;
/** Bytes of one awareness message. Beyond: the session is closed with 1009. */
export const awarenessBytesMax: number = 64 << 10;

/** Documents that one session follows. Beyond: `follow` is answered `unavailable` with `overloaded` for the rest. */
export const followedDocumentsMax = 100_000;
/** Documents named by one frame of a session. Beyond: the frame is refused; a sender begins another. */
export const frameDocumentsMax = 4096;
/** Collections that a client describes. Beyond: the frame is refused. */
export const sessionCollectionsMax = 256;
/** Bytes of one such description. Beyond: the frame is refused. */
export const collectionBytesMax: number = 64 << 10;
/** Bytes of a credential. Beyond: the frame is refused. */
export const credentialBytesMax: number = 8 << 10;
/** Bytes of what is said in words or JSON about a refusal. Beyond: the frame is refused; a sender leaves details out. */
export const refusalBytesMax: number = 32 << 10;
/** Bytes of the state of a document sent whole. Beyond: the document is `unavailable` with `document_too_large`. */
export const stateBytesMax: number = 64 << 20;
/** One frame from a client. Beyond: the session is closed with 1009. */
export const requestFrameBytesMax: number = opBytesMax + (64 << 10);
