import type { JsonObject } from '@anabranch/base';
import type { OriginId, VersionVector } from '@anabranch/causality';

export interface DocumentView {
  readonly json: JsonObject;
  /** False when nobody has written it, or it was removed. */
  readonly exists: boolean;
  /** The region's vector at the time of the view: at least what the view shows. */
  readonly version: VersionVector;
}

export interface OpId {
  readonly origin: OriginId;
  readonly seq: number;
}
