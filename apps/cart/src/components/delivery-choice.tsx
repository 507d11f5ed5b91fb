import { type ReactElement, useId } from 'react';
import type { CartSession } from '../cart/cart-session.ts';
import { useSnapshot } from '../hooks/use-cart-session.ts';
import { deliveries, deliveryOf } from '../pricing/delivery.ts';
import { priceText } from '../pricing/money.ts';
import { ConflictNotes } from './conflict-notes.tsx';

export function DeliveryChoice({ session }: { readonly session: CartSession }): ReactElement {
  const { cart, notes } = useSnapshot(session);
  const name = useId();
  const chosen = deliveryOf(cart.status);
  return (
    <fieldset className="option delivery">
      <legend>Delivery</legend>
      {deliveries.map((delivery) => (
        <label key={delivery.name} className="check-row">
          <input
            type="radio"
            name={name}
            checked={delivery.name === chosen.name}
            onChange={() => session.act({ type: 'deliver', by: delivery.name })}
          />
          <span>{delivery.label}</span>
          <span className="muted">
            {delivery.promise}, {delivery.price === 0 ? 'free' : priceText(delivery.price)}
          </span>
        </label>
      ))}
      <ConflictNotes notes={notes.filter(({ topic }) => topic === 'delivery')} session={session} />
    </fieldset>
  );
}
