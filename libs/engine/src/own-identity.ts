// What a store says of whose it is, from one process to the next: made once, renewed with each epoch.
//
// Invariant 1: a store that was made for a mesh names its epochs until all who may know more of its region's past have told that they do
//              not (own-epochs.ts): it may be what is left of a wiped one, and a restart does not change that.

import { AnabranchError } from '@anabranch/base';
import { mintOrigin, type OriginId } from '@anabranch/causality';
import type { ReplicaOptions, ReplicaPorts } from './replica-options.ts';
import type { ReplicaIdentity } from './replica-store.ts';

export interface OpenedIdentity {
  readonly identity: ReplicaIdentity;
  /** It was made by this process. */
  readonly isMinted: boolean;
}

/** Of the store, or a new one. @throws AnabranchError `config_invalid` when the store belongs to another region, `store_failed`. */
export async function openIdentity({ ports, region, meshKey }: ReplicaOptions): Promise<OpenedIdentity> {
  const { store, random } = ports;
  const { identity } = store.opening();
  if (identity !== undefined && identity.region !== region) {
    throw new AnabranchError('config_invalid', `the store belongs to region ${identity.region}, not ${region}`);
  }
  if (identity !== undefined) return { identity, isMinted: false };
  const storeId = random.bytes(16);
  const origin = mintOrigin(region, random);
  const minted = settled({ region, storeId, origin }, meshKey === undefined ? undefined : [origin]);
  await store.commit({ identity: minted });
  return { identity: minted, isMinted: true };
}

/** The same store in a new epoch. */
export function renewed({ unsettledEpochs, ...identity }: ReplicaIdentity, { random }: Pick<ReplicaPorts, 'random'>): ReplicaIdentity {
  const origin = mintOrigin(identity.region, random);
  return settled({ ...identity, origin }, unsettledEpochs && [...unsettledEpochs, origin]);
}

/** The same store, its past settled, or not yet after so many epochs. */
export function settled(identity: ReplicaIdentity, unsettledEpochs: readonly OriginId[] | undefined): ReplicaIdentity {
  const { region, storeId, origin } = identity;
  return { region, storeId, origin, ...(unsettledEpochs && { unsettledEpochs }) };
}
