import type { ReactElement } from 'react';
import { OrderCard } from '../components/order-card.tsx';
import { useSnapshot } from '../hooks/use-cart-session.ts';
import { hrefOf } from '../hooks/use-route.ts';
import { useShop } from '../shop-context.ts';

/** Orders that are shown; a device keeps what it shows. */
const ordersShownMax = 20;

export function OrdersPage(): ReactElement {
  const { session } = useShop();
  const ids = useSnapshot(session).cart.lines;
  const hidden = ids.length - ordersShownMax;
  return (
    <div className="narrow">
      <h1>Your orders</h1>
      {ids.length === 0 && (
        <p className="empty">
          Nothing ordered yet. <a href={hrefOf('shop')}>To the shop</a>
        </p>
      )}
      <ul className="orders">
        {ids.slice(0, ordersShownMax).map((id) => (
          <OrderCard key={id} id={id} />
        ))}
      </ul>
      {hidden > 0 && <p className="muted">{hidden} earlier orders are not shown.</p>}
    </div>
  );
}
