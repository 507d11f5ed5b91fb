import { type AnabranchError, isAnabranchError, type RegionAddress } from '@anabranch/client';
import { useEffect, useState } from 'react';
import { openRegionalClient, type ShopClient } from '../sync/shop-clients.ts';

export interface ClientOpening {
  readonly client: ShopClient | undefined;
  readonly error: AnabranchError | undefined;
}

/** A device in one region, for as long as it is shown. */
export function useRegionalClient(regions: readonly RegionAddress[], region: string): ClientOpening {
  const [opening, setOpening] = useState<ClientOpening>({ client: undefined, error: undefined });
  useEffect(() => {
    let isShown = true;
    const whenOpened = openRegionalClient(regions, region);
    whenOpened.then(
      (client) => {
        if (isShown) setOpening({ client, error: undefined });
      },
      (error: unknown) => {
        if (isShown && isAnabranchError(error)) setOpening({ client: undefined, error });
      },
    );
    return () => {
      isShown = false;
      setOpening({ client: undefined, error: undefined });
      // One that never opened has nothing to close.
      whenOpened.then((client) => client.close()).catch(() => {});
    };
  }, [regions, region]);
  return opening;
}
