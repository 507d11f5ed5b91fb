import type { RegionAddress } from '@anabranch/client';
import { type ReactElement, useEffect, useRef } from 'react';
import { ConnectionBar } from './components/connection-bar.tsx';
import { LiveRegion } from './components/live-region.tsx';
import { SiteHeader } from './components/site-header.tsx';
import { UpdateNotice } from './components/update-notice.tsx';
import { useCartSession, useCheckout } from './hooks/use-cart-session.ts';
import { useLastHeard } from './hooks/use-last-heard.ts';
import { type Route, useRoute } from './hooks/use-route.ts';
import { ShopContext } from './shop-context.ts';
import type { ShopClient } from './sync/shop-clients.ts';
import { CartPage } from './views/cart-page.tsx';
import { OrdersPage } from './views/orders-page.tsx';
import { ShopPage } from './views/shop-page.tsx';
import { ThreeCartsPage } from './views/three-carts-page.tsx';

export interface AppProps {
  readonly client: ShopClient;
  readonly regions: readonly RegionAddress[];
  readonly customer: string;
}

const pages: Readonly<Record<Route, () => ReactElement>> = {
  shop: ShopPage,
  cart: CartPage,
  orders: OrdersPage,
  'three-carts': ThreeCartsPage,
};

const titles: Readonly<Record<Route, string>> = { shop: 'Shop', cart: 'Your cart', orders: 'Your orders', 'three-carts': 'Three carts' };

export function App({ client, regions, customer }: AppProps): ReactElement {
  const { session, error } = useCartSession(client, customer);
  const checkout = useCheckout(client, session, 'shop');
  const heardAt = useLastHeard(client);
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const shownRoute = useRef(route);
  useEffect(() => {
    document.title = `${titles[route]} · Confluence`;
    // Who follows a link by keyboard goes on in the new page, not behind the link.
    if (shownRoute.current !== route) {
      main.current?.focus();
      scrollTo(0, 0);
    }
    shownRoute.current = route;
  }, [route]);
  if (error !== undefined) return <p className="startup">The cart cannot be opened: {error.message}.</p>;
  if (session === undefined || checkout === undefined) return <p className="startup">Opening your cart …</p>;
  const Page = pages[route];
  // Three carts are three other devices: of this one nothing is shown there, and nothing said.
  const isOwnDevice = route !== 'three-carts';
  return (
    <ShopContext value={{ client, regions, customer, session, checkout, heardAt }}>
      <button type="button" className="button skip-link" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <UpdateNotice />
      <SiteHeader route={route} />
      {isOwnDevice && <ConnectionBar />}
      <main ref={main} tabIndex={-1}>
        <Page />
      </main>
      <footer className="site-footer muted">
        A demonstration of Anabranch. Nothing is sold or sent. <a href="/">The three regions</a>
      </footer>
      {isOwnDevice && <LiveRegion session={session} />}
    </ShopContext>
  );
}
