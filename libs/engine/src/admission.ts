// Whether a peer that has proven the mesh key gets its link, given the link its region may already have. Both ends come to
// the same answer, because they compare the same facts.
//
//   none yet ............................................ admit
//   another store under this region's name .............. refuse region_duplicate: two regions of one name
//   same store, another process, old link still heard ... refuse: region_duplicate, a copy of a live store
//   same store, another process, old link gone quiet .... admit, the process was restarted
//   same process, dialled by different sides ............ keep the one dialled by the region first by name
//   same process, dialled by the same side .............. admit, the old one is half-open

import { bytesEqual, type ErrorCode } from '@anabranch/base';
import type { RegionId } from '@anabranch/causality';
import type { HelloFrame } from '@anabranch/protocol';
import type { LinkRole } from './link-connection.ts';

export interface AdmittedLink {
  readonly role: LinkRole;
  readonly hello: HelloFrame | undefined;
  readonly lastHeardMs: number;
}

export interface Admission {
  readonly refuse: ErrorCode | undefined;
}

/** An old link that was heard this recently, in ms before the new one, belongs to a process that is alive. */
const heardRecentlyMs = 400;

const admitted: Admission = { refuse: undefined };

export function admission(self: RegionId, link: AdmittedLink, existing: AdmittedLink | undefined): Admission {
  const [now, before] = [link.hello, existing?.hello];
  if (existing === undefined || now === undefined || before === undefined) return admitted;
  if (!bytesEqual(now.storeId, before.storeId)) return { refuse: 'region_duplicate' };
  if (!bytesEqual(now.instanceId, before.instanceId)) {
    const isAlive = link.lastHeardMs - existing.lastHeardMs < heardRecentlyMs;
    return isAlive ? { refuse: 'region_duplicate' } : admitted;
  }
  if (link.role === existing.role) return admitted;
  const dialer = link.role === 'dialer' ? self : now.region;
  const first = self < now.region ? self : now.region;
  return dialer === first ? admitted : { refuse: 'link_duplicate' };
}
