import type { Clock, Hash, Logger, Metrics, Random } from '@anabranch/base';
import type { RegionId } from '@anabranch/causality';
import type { CollectionSchema, InflateRaw, InspectionCase, InspectionFinding } from '@anabranch/crdt';
import type { ReplicaStore } from './replica-store.ts';

/** The world a replica lives in. */
export interface ReplicaPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly hash: Hash;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly store: ReplicaStore;
  /** Inflates raw deflate data to at most so many bytes; undefined when it is damaged or larger. */
  readonly inflateRaw: InflateRaw;
  /**
   * Examines what would take too long here (examineUpdate of the crdt package), beside everything else.
   * @throws AnabranchError `overloaded`, `update_invalid` when it takes too much time or memory.
   */
  readonly examine: (inspectionCase: InspectionCase) => Promise<InspectionFinding>;
}

export interface ReplicaOptions {
  readonly ports: ReplicaPorts;
  readonly region: RegionId;
  readonly collections: ReadonlyMap<string, CollectionSchema>;
  /** Proves membership of the mesh on links, at least 16 bytes; without it the region is alone and takes no link. */
  readonly meshKey?: Uint8Array | undefined;
  /** The regions expected on links, whoever dials: after a restart they are asked what they know (epoch-guard.ts). */
  readonly peers: readonly RegionId[];
  /** Documents kept in memory when no session holds them; 10,000 when left out. */
  readonly documentsLoadedMax?: number;
}
