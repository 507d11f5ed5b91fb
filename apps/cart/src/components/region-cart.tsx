import { useClientStatus } from '@anabranch/client/react';
import { type ReactElement, useId } from 'react';
import type { CartSession } from '../cart/cart-session.ts';
import type { Checkout } from '../checkout/checkout.ts';
import { useCartSession, useCheckout, useSnapshot } from '../hooks/use-cart-session.ts';
import { useRegionalClient } from '../hooks/use-regional-client.ts';
import { useShop } from '../shop-context.ts';
import { cityOf } from '../sync/cities.ts';
import type { ShopClient } from '../sync/shop-clients.ts';
import type { WorldLinks } from '../sync/world-links.ts';
import { ActivityList } from './activity-list.tsx';
import { CartLines } from './cart-lines.tsx';
import { CheckoutPanel } from './checkout-panel.tsx';
import { ConnectionState } from './connection-state.tsx';
import { DeliveryChoice } from './delivery-choice.tsx';
import { GiftOptions } from './gift-options.tsx';
import { LiveRegion } from './live-region.tsx';
import { OfflineSwitch } from './offline-switch.tsx';
import { QuickAdd } from './quick-add.tsx';

export interface RegionCartProps {
  readonly region: string;
  readonly links: WorldLinks | undefined;
}

/** The cart of the customer on a device in one region. */
export function RegionCart({ region, links }: RegionCartProps): ReactElement {
  const { regions, customer } = useShop();
  const { client, error: clientError } = useRegionalClient(regions, region);
  const { session, error } = useCartSession(client, customer);
  const checkout = useCheckout(client, session, `shop-at-${region}`);
  const city = cityOf(region);
  const headingId = useId();
  const problem = clientError ?? error;
  return (
    <section className="region-cart" data-at={region} aria-labelledby={headingId}>
      <div className="region-head">
        <h2 id={headingId}>{city}</h2>
        {links?.silent.has(region) === true && <span className="cut-off">no answer</span>}
        {links !== undefined && !links.cutOff.has(region) && (
          <button type="button" className="button button-small" onClick={() => void links.cutOffRegion(region)}>
            Cut {city} off
          </button>
        )}
        {links?.cutOff.has(region) === true && <span className="cut-off">cut off</span>}
      </div>
      {problem !== undefined && <p className="problem">This device cannot be used: {problem.message}.</p>}
      {client === undefined || session === undefined || checkout === undefined ? (
        problem === undefined && <p className="muted">Opening a device in {city} …</p>
      ) : (
        <Device {...{ client, session, checkout, city }} />
      )}
    </section>
  );
}

interface DeviceProps {
  readonly client: ShopClient;
  readonly session: CartSession;
  readonly checkout: Checkout;
  readonly city: string;
}

function Device({ client, session, checkout, city }: DeviceProps): ReactElement {
  const status = useClientStatus(client);
  const { activities } = useSnapshot(session);
  const activityId = useId();
  return (
    <>
      <div className="region-status">
        <ConnectionState status={status} isPlaceKnown />
        <OfflineSwitch client={client} place={city} />
      </div>
      <QuickAdd session={session} place={city} />
      <CartLines client={client} session={session} label={`Lines of the cart in ${city}`} emptyText="This cart is empty." />
      <GiftOptions session={session} />
      <DeliveryChoice session={session} />
      <CheckoutPanel session={session} checkout={checkout} />
      <ActivityList activities={activities} headingId={activityId} shownMax={4} level={3} place={city} />
      <LiveRegion session={session} prefix={`${city}: `} />
    </>
  );
}
