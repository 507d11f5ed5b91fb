import type { ReactElement } from 'react';
import { linesOf } from '../cart/cart-lines.ts';
import { useSnapshot } from '../hooks/use-cart-session.ts';
import { hrefOf, type Route } from '../hooks/use-route.ts';
import { useShop } from '../shop-context.ts';
import { Logo } from './icons.tsx';

const names: Readonly<Record<Route, string>> = { shop: 'Shop', cart: 'Cart', orders: 'Orders', 'three-carts': 'Three carts' };
const order: readonly Route[] = ['shop', 'cart', 'orders', 'three-carts'];

export function SiteHeader({ route }: { readonly route: Route }): ReactElement {
  const { session, customer } = useShop();
  const units = linesOf(useSnapshot(session).cart).reduce((sum, { qty }) => sum + qty, 0);
  return (
    <header className="site-header">
      <a className="brand" href={hrefOf('shop')}>
        <Logo />
        <span>Confluence</span>
      </a>
      <nav aria-label="Pages">
        <ul>
          {order.map((name) => (
            <li key={name}>
              <a href={hrefOf(name)} aria-current={route === name ? 'page' : undefined}>
                {names[name]}
                {name === 'cart' && units > 0 && (
                  <span className="count">
                    {units}
                    <span className="visually-hidden"> {units === 1 ? 'item' : 'items'}</span>
                  </span>
                )}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <p className="customer muted">
        Shopping as <strong>{customer}</strong>
      </p>
    </header>
  );
}
