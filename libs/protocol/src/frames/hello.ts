// hello: the first frame each side sends, before it knows anything of the other.
//
//   protocol version | its floor | region text | origin text | store id (16) | instance id (16) | nonce (32)
//   features: count { text }            names of optional behaviour; unknown ones are ignored

import { isRegionId, type OriginId, type RegionId, regionOf } from '@anabranch/causality';
import { type BoundedReader, frameInvalid } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { readOrigin } from '../vector-field.ts';

export interface HelloFrame {
  readonly type: 'hello';
  readonly protocolVersion: number;
  readonly protocolVersionFloor: number;
  readonly region: RegionId;
  readonly origin: OriginId;
  /** Random, 16 bytes, made with the store: another one under a known region name is a second region of that name. */
  readonly storeId: Uint8Array;
  /** Random, 16 bytes, made by each process: another one with a known store is a copy of it, or its successor. */
  readonly instanceId: Uint8Array;
  /** Random, 32 bytes: the challenge the peer's proof must answer. */
  readonly nonce: Uint8Array;
  readonly features: readonly string[];
}

const idLength = 16;
const nonceLength = 32;
const featuresMax = 64;
const featureBytesMax = 64;

export function writeHello(writer: ByteWriter, frame: HelloFrame): void {
  writer.uint(frame.protocolVersion).uint(frame.protocolVersionFloor).text(frame.region).text(frame.origin);
  writer.bytes(frame.storeId, idLength).bytes(frame.instanceId, idLength).bytes(frame.nonce, nonceLength);
  writer.uint(frame.features.length);
  for (const feature of frame.features) writer.text(feature);
}

/** A newer protocol may append to this form: see the end of {@link decodeLinkFrame}. */
export function readHello(reader: BoundedReader): HelloFrame {
  const protocolVersion = reader.uint(0xffff);
  const protocolVersionFloor = reader.uint(0xffff);
  const region = reader.text(32);
  if (!isRegionId(region)) throw frameInvalid('a region name is malformed');
  const origin = readOrigin(reader);
  if (regionOf(origin) !== region) throw frameInvalid('a hello names the origin of another region');
  const [storeId, instanceId, nonce] = [reader.bytes(idLength), reader.bytes(idLength), reader.bytes(nonceLength)];
  const features = reader.list(featuresMax, () => reader.text(featureBytesMax));
  return { type: 'hello', protocolVersion, protocolVersionFloor, region, origin, storeId, instanceId, nonce, features };
}
