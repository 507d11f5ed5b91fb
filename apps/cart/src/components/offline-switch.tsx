import { useClientStatus } from '@anabranch/client/react';
import type { ReactElement } from 'react';
import type { ShopClient } from '../sync/shop-clients.ts';

interface OfflineSwitchProps {
  readonly client: ShopClient;
  readonly place?: string;
  /** Switches by itself; the client is switched when left out. */
  readonly onSwitch?: (isOffline: boolean) => void;
}

/** Ends the session with the region, or begins one again. `place` tells several switches on one page apart. */
export function OfflineSwitch({ client, place, onSwitch }: OfflineSwitchProps): ReactElement {
  const { isOffline } = useClientStatus(client);
  const switchTo = onSwitch ?? ((isOff: boolean) => (isOff ? client.goOffline() : client.goOnline()));
  return (
    <button type="button" role="switch" className="switch" aria-checked={isOffline} onClick={() => switchTo(!isOffline)}>
      <span className="switch-track" aria-hidden="true" />
      Work offline{place !== undefined && <span className="visually-hidden"> in {place}</span>}
    </button>
  );
}
