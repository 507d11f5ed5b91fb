import type { Logger } from '@anabranch/base';
import type { ReplicaStore } from '@anabranch/engine';
import type { OrderedKv } from '../ordered-kv.ts';

/** What the contract suite needs of a store: a medium that outlives the store, can crash and can be damaged. */
export interface StoreMedium {
  /** Opens the store on what the medium holds; at most one is open at a time. */
  open(logger?: Logger): Promise<ReplicaStore>;
  /** Takes away the open store as a crash at this very instant would; the next `open` finds what a crash leaves. */
  crash(): void;
  /** Lets the next commit of the open store fail with this code. */
  failNextCommit(code: 'store_full' | 'store_failed'): void;
  /** Changes raw records while no store is open. */
  tamper(change: (kv: OrderedKv) => Promise<void>): Promise<void>;
  dispose(): Promise<void>;
}

/** Makes an empty medium. */
export type MediumSetup = () => Promise<StoreMedium>;
