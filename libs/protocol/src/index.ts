export { BoundedReader, frameInvalid } from './bounded-reader.ts';
export { ByteWriter } from './byte-writer.ts';
export { collectionOf, type DocumentId, documentIdOf, isCollectionName, localIdOf, parseDocumentId } from './document-id.ts';
export { chainHashLength, chainNext, chainStart } from './hash-chain.ts';
export * from './limits.ts';
export {
  type DocumentWrite,
  decodeOp,
  encodeOp,
  type Idempotency,
  isIdempotencyKey,
  type Op,
  requestDigestLength,
} from './op.ts';
