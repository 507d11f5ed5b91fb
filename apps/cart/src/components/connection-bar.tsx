import type { ClientStatus } from '@anabranch/client';
import { useClientStatus } from '@anabranch/client/react';
import { type ReactElement, useId } from 'react';
import { useShop } from '../shop-context.ts';
import { chooseRegion } from '../sync/chosen-region.ts';
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
      <div className="connection-controls">
        <label htmlFor={selectId}>Region</label>
        <select id={selectId} value={status.wantedRegion} onChange={({ target }) => chooseRegion(client, localStorage, target.value)}>
          <option value="nearest">Nearest</option>
          {status.regions.map((region) => (
            <option key={region.name} value={region.name}>
              {optionText(region)}
            </option>
          ))}
        </select>
        <OfflineSwitch client={client} />
      </div>
    </section>
  );
}

function optionText({ name, isReachable, roundTripMs }: ClientStatus['regions'][number]): string {
  if (isReachable === false) return `${cityOf(name)}, no answer`;
  return roundTripMs === undefined ? cityOf(name) : `${cityOf(name)}, ${Math.max(1, Math.round(roundTripMs))} ms`;
}
