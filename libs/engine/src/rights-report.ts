// Who holds which rights to the bounded counters of a document, as operators see it.

import { isOriginId, regionOf } from '@anabranch/causality';
import type { CrdtDocument } from '@anabranch/crdt';

export interface RightsHolder {
  /** An origin, or a region: its initial share, that none of its origins has taken over yet. */
  readonly holder: string;
  readonly region: string;
  readonly down: number;
  readonly up: number;
  /** Whether the region was heard lately. */
  readonly isReachable: boolean;
  /** An earlier epoch, or an initial share: only the region itself may use it, once its peers have confirmed its past. */
  readonly isFrozen: boolean;
}

export interface CounterRights {
  /** A JSON pointer. */
  readonly path: string;
  readonly value: number;
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** Richest first. */
  readonly holders: readonly RightsHolder[];
}

export interface RightsSight {
  readonly isReachable: (region: string) => boolean;
  /** Whether rights of this holder can be spent or given right now, as far as is known here. */
  readonly isUsable: (holder: string) => boolean;
}

export function rightsOf(document: CrdtDocument, sight: RightsSight): CounterRights[] {
  return document.boundedCounters().flatMap((path) => {
    const view = document.rights(path);
    if (view === undefined) return [];
    const holders = [...view.holders].map(([holder, rights]): RightsHolder => {
      const region = isOriginId(holder) ? regionOf(holder) : holder;
      return { holder, region, ...rights, isReachable: sight.isReachable(region), isFrozen: !sight.isUsable(holder) };
    });
    holders.sort((a, b) => b.down + b.up - (a.down + a.up) || (a.holder < b.holder ? -1 : 1));
    return [{ path, value: view.value, min: view.min, max: view.max, holders }];
  });
}
