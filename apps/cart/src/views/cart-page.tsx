import type { ReactElement } from 'react';
import { CartPanel } from '../components/cart-panel.tsx';
import { hrefOf } from '../hooks/use-route.ts';

export function CartPage(): ReactElement {
  return (
    <div className="narrow">
      <CartPanel level={1} />
      <p>
        <a href={hrefOf('shop')}>Back to the shop</a>
      </p>
    </div>
  );
}
