import type { ClientStatus } from '@anabranch/client';
import { useClientStatus } from '@anabranch/client/react';
import { type ReactElement, useId } from 'react';
import { useShop } from '../shop-context.ts';
import { chooseRegion, switchOffline } from '../sync/chosen-region.ts';
import { cityOf } from '../sync/cities.ts';
import { ConnectionState } from './connection-state.tsx';
import { OfflineSwitch } from './offline-switch.tsx';

/** Where the shop is connected to, and what to do about it. */
export function ConnectionBar(): ReactElement {
  const { client } = useShop();
  const status = useClientStatus(client);
  const selectId = useId();
  return (
    <section className="connection-bar" aria-label="Connection">
      <ConnectionState status={status} />
      <span className="distance muted">{distanceText(status)}</span>
      <div className="connection-controls">
        <label htmlFor={selectId}>Region</label>
        <select id={selectId} value={status.wantedRegion} onChange={({ target }) => chooseRegion(client, localStorage, target.value)}>
          <option value="nearest">Nearest</option>
          {status.regions.map((region) => (
            <option key={region.name} value={region.name}>
              {cityOf(region.name)}
              {region.isReachable === false && ', no answer'}
            </option>
          ))}
        </select>
        <OfflineSwitch client={client} onSwitch={(isOffline) => switchOffline(client, localStorage, isOffline)} />
      </div>
    </section>
  );
}

/** How far the region is. It changes all the time, and is not said aloud. */
function distanceText({ region, regions }: ClientStatus): string {
  const { roundTripMs } = regions.find(({ name }) => name === region) ?? {};
  return roundTripMs === undefined ? '' : `${Math.max(1, Math.round(roundTripMs))} ms away`;
}
