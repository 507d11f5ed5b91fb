import type { Clock, Hash, Logger, Metrics } from '@anabranch/base';
import type { ReplicaDoor, WriteConcern } from '@anabranch/engine';
import type { ServerLimits } from './server-limits.ts';

/** What every door is made of. */
export interface DoorParts {
  readonly replica: ReplicaDoor;
  readonly clock: Clock;
  readonly hash: Hash;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly limits: ServerLimits;
  /** By collection, for writes that do not say; `local` for collections that are not named. */
  readonly writeConcerns?: ReadonlyMap<string, WriteConcern> | undefined;
}
