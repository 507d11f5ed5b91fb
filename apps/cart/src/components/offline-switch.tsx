import { useClientStatus } from '@anabranch/client/react';
import type { ReactElement } from 'react';
import type { ShopClient } from '../sync/shop-clients.ts';

/** Ends the session with the region, or begins one again. `place` tells several switches on one page apart. */
export function OfflineSwitch({ client, place }: { readonly client: ShopClient; readonly place?: string }): ReactElement {
  const { isOffline } = useClientStatus(client);
  return (
    <button
      type="button"
      role="switch"
      className="switch"
      aria-checked={isOffline}
      onClick={() => (isOffline ? client.goOnline() : client.goOffline())}
    >
      <span className="switch-track" aria-hidden="true" />
      Work offline{place !== undefined && <span className="visually-hidden"> in {place}</span>}
    </button>
  );
}
