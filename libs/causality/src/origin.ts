// An origin is a replica in one epoch: the author of one log. Its text form is `region.epoch`, the epoch being 12
// lower-case hex digits drawn at random when a store is created, restored, or found to have lost its newest ops. A log
// that went back in time continues under a new epoch, so an (origin, seq) never names two different ops.

import { assert, type Random, toHex } from '@anabranch/base';
import type { RegionId } from './region.ts';

/** `region.epoch`, for example `berlin.5f0c12ab90de`. */
export type OriginId = string & { readonly brand: 'OriginId' };

const originPattern = /^[a-z][a-z0-9-]{0,31}\.[0-9a-f]{12}$/;

/** The longest text of an origin: 32 characters of region, a dot, 12 of epoch. */
export const originLengthMax = 45;

export function isOriginId(text: string): text is OriginId {
  return originPattern.test(text);
}

/** A fresh origin of a region: the same name never comes twice. */
export function mintOrigin(region: RegionId, random: Random): OriginId {
  const origin = `${region}.${toHex(random.bytes(6))}`;
  assert(isOriginId(origin), 'an origin takes the name of a region and six random bytes');
  return origin;
}

export function regionOf(origin: OriginId): RegionId {
  return origin.slice(0, origin.indexOf('.')) as RegionId;
}

export function epochOf(origin: OriginId): string {
  return origin.slice(origin.indexOf('.') + 1);
}
