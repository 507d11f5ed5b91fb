// open: the first frame of a client. welcome: the first of the region.
//
//   open      protocol version | its floor | writer text | seen: vector | required: vector | resume key, sized | follow serial
//             | credential text | collections: count { name text, definition text }
//   welcome   protocol version | region text | origin text | resume key (16) | follow serial | wall ms
//             | durable: vector | covers required: 0 or 1
//
// A session that ends leaves what it followed with the region for a while, under the resume key: a client that comes back
// with it has nothing to name again. A region that does not know the key answers serial 0, and the client names all.

import { isRegionId, type OriginId, type RegionId } from '@anabranch/causality';
import { type BoundedReader, frameInvalid } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { isCollectionName } from '../document-id.ts';
import { collectionBytesMax, credentialBytesMax, sessionCollectionsMax, vectorOriginsMax } from '../limits.ts';
import { readOrigin, readVector, type VectorEntries, writeVector } from '../vector-field.ts';
import { readFlag } from './fields.ts';

export const resumeKeyLength = 16;
const writerPattern = /^[!-~]{1,64}$/;

export interface CollectionDefinition {
  readonly name: string;
  /** Canonical JSON of the library and the schema. */
  readonly definition: string;
}

export interface OpenFrame {
  readonly type: 'open';
  readonly protocolVersion: number;
  readonly protocolVersionFloor: number;
  /** The replica id of the device, as it stands in what it writes. */
  readonly writer: string;
  /** Of all documents that it follows, the client holds all that is covered by this. */
  readonly seen: VectorEntries;
  /** `seen`, and the ops that hold what the client wrote: what a region must have before it takes more of it. */
  readonly required: VectorEntries;
  /** Of the session before, 16 bytes; empty for the first. */
  readonly resumeKey: Uint8Array;
  /** The serial of the last frame that changed what is followed; 0 when nothing was followed yet. */
  readonly followSerial: number;
  /** For the region's authentication; empty when there is none. */
  readonly credential: string;
  readonly collections: readonly CollectionDefinition[];
}

export interface WelcomeFrame {
  readonly type: 'welcome';
  readonly protocolVersion: number;
  readonly region: RegionId;
  readonly origin: OriginId;
  readonly resumeKey: Uint8Array;
  /** The serial up to which the region knows what the client follows; 0: the client names all of it. */
  readonly followSerial: number;
  readonly wallMs: number;
  readonly durable: VectorEntries;
  /** False when this region lacks some of `required`: writes, and documents that are new to the client, wait for it. */
  readonly coversRequired: boolean;
}

export function writeOpen(writer: ByteWriter, frame: OpenFrame): void {
  writer.uint(frame.protocolVersion).uint(frame.protocolVersionFloor).text(frame.writer);
  writeVector(writer, frame.seen);
  writeVector(writer, frame.required);
  writer.sizedBytes(frame.resumeKey).uint(frame.followSerial).text(frame.credential).uint(frame.collections.length);
  for (const { name, definition } of frame.collections) writer.text(name).text(definition);
}

export function readOpen(reader: BoundedReader): OpenFrame {
  const protocolVersion = reader.uint(0xffff);
  const protocolVersionFloor = reader.uint(0xffff);
  const writer = reader.text(64);
  if (!writerPattern.test(writer)) throw frameInvalid('a writer is named by 1 to 64 printable ASCII characters');
  const [seen, required] = [readVector(reader, vectorOriginsMax), readVector(reader, vectorOriginsMax)];
  const resumeKey = reader.sizedBytes(resumeKeyLength);
  if (resumeKey.length % resumeKeyLength !== 0) throw frameInvalid('a resume key has 16 bytes');
  const followSerial = reader.uint();
  const credential = reader.text(credentialBytesMax);
  const collections = reader.list(sessionCollectionsMax, () => {
    const name = reader.text(63);
    if (!isCollectionName(name)) throw frameInvalid('a collection name is malformed');
    return { name, definition: reader.text(collectionBytesMax) };
  });
  return { type: 'open', protocolVersion, protocolVersionFloor, writer, seen, required, resumeKey, followSerial, credential, collections };
}

export function writeWelcome(writer: ByteWriter, frame: WelcomeFrame): void {
  writer.uint(frame.protocolVersion).text(frame.region).text(frame.origin).bytes(frame.resumeKey, resumeKeyLength);
  writer.uint(frame.followSerial).uint(frame.wallMs);
  writeVector(writer, frame.durable);
  writer.byte(Number(frame.coversRequired));
}

export function readWelcome(reader: BoundedReader): WelcomeFrame {
  const protocolVersion = reader.uint(0xffff);
  const region = reader.text(32);
  if (!isRegionId(region)) throw frameInvalid('a region name is malformed');
  const origin = readOrigin(reader);
  const resumeKey = reader.bytes(resumeKeyLength);
  const [followSerial, wallMs] = [reader.uint(), reader.uint()];
  const durable = readVector(reader, vectorOriginsMax);
  return { type: 'welcome', protocolVersion, region, origin, resumeKey, followSerial, wallMs, durable, coversRequired: readFlag(reader) };
}
