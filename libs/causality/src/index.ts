export { compareHlc, formatHlc, type Hlc, HlcClock, hlcCounterMax, hlcMsMax, hlcZero, parseHlc } from './hlc.ts';
export { epochOf, isOriginId, mintOrigin, type OriginId, originLengthMax, regionOf } from './origin.ts';
export { isRegionId, parseRegionId, type RegionId } from './region.ts';
export { decodeSessionToken, encodeSessionToken, type SessionToken, tokenLengthMax, tokenOriginsMax } from './session-token.ts';
export { type CausalOrder, VersionVector } from './version-vector.ts';
