// holdings: who the sender is linked with, and what regions that the receiver does not reach itself hold durably. What the
// sender itself holds, its acknowledgements say. A receiver that does not know the frame loses only this news.
//
//   generation | linked: count { region text } | holdings: count { region text, generation, vector }
//
// A generation stands for one process of a region and rises from one to the next: within one a region only gains, and
// what a later one says takes the place of everything earlier, so old news never hides that a region lost something.

import { isRegionId, type RegionId } from '@anabranch/causality';
import { type BoundedReader, frameInvalid } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { holdingsMax, linkedRegionsMax, vectorOriginsMax } from '../limits.ts';
import { readVector, type VectorEntries, writeVector } from '../vector-field.ts';

/** What one region is known to hold. */
export interface RegionHolding {
  readonly region: RegionId;
  readonly generation: number;
  readonly durable: VectorEntries;
}

export interface HoldingsFrame {
  readonly type: 'holdings';
  /** Of the sender. */
  readonly generation: number;
  /** Whom the sender is linked with: about these it wants no news. */
  readonly linked: readonly RegionId[];
  /** Those that changed since the last frame on this link. */
  readonly holdings: readonly RegionHolding[];
}

export function writeHoldings(writer: ByteWriter, frame: HoldingsFrame): void {
  writer.uint(frame.generation).uint(frame.linked.length);
  for (const region of frame.linked) writer.text(region);
  writer.uint(frame.holdings.length);
  for (const { region, generation, durable } of frame.holdings) {
    writer.text(region).uint(generation);
    writeVector(writer, durable);
  }
}

export function readHoldings(reader: BoundedReader): HoldingsFrame {
  const generation = reader.uint();
  const linked = reader.list(linkedRegionsMax, () => readRegion(reader));
  const holdings = reader.list(holdingsMax, () => ({
    region: readRegion(reader),
    generation: reader.uint(),
    durable: readVector(reader, vectorOriginsMax),
  }));
  const isUnambiguous = new Set(holdings.map(({ region }) => region)).size === holdings.length;
  if (!isUnambiguous) throw frameInvalid('it names a region twice');
  return { type: 'holdings', generation, linked, holdings };
}

function readRegion(reader: BoundedReader): RegionId {
  const region = reader.text(32);
  if (!isRegionId(region)) throw frameInvalid('a region name is malformed');
  return region;
}
