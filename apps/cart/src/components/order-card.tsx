import { useDocument } from '@anabranch/client/react';
import type { ReactElement } from 'react';
import { deliveryOf } from '../pricing/delivery.ts';
import { priceText } from '../pricing/money.ts';
import { useShop } from '../shop-context.ts';
import { cityOf } from '../sync/cities.ts';
import type { OrderView } from '../sync/collections.ts';

const dateFormat = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'short' });

export function OrderCard({ id }: { readonly id: string }): ReactElement {
  const { client } = useShop();
  const { value, error } = useDocument(client, 'orders', id);
  return (
    <li className="order" data-order={id}>
      {error !== undefined && <p className="problem">This order cannot be shown: {error.message}.</p>}
      {error === undefined && value?.placedAt == null && <p className="muted">This order has not reached this device yet.</p>}
      {value?.placedAt != null && <OrderFacts order={value} placedAt={value.placedAt} />}
    </li>
  );
}

function OrderFacts({ order, placedAt }: { readonly order: OrderView; readonly placedAt: string }): ReactElement {
  const { region, items, coupons, delivery, gift, note, total } = order;
  return (
    <>
      <div className="order-head">
        <h2>
          <time dateTime={placedAt}>{dateFormat.format(new Date(placedAt))}</time>
        </h2>
        <strong>{priceText(total ?? 0)}</strong>
      </div>
      <p className="muted">
        Placed in {cityOf(region ?? 'another region')} · {deliveryOf(delivery).label}
        {gift && ' · gift wrapped'}
        {coupons.length > 0 && ` · ${coupons.join(', ')}`}
      </p>
      <ul className="order-items">
        {(items ?? []).map((item) => (
          <li key={item.id}>
            <span>
              {item.qty} × {item.name}
            </span>
            <span>{priceText(item.qty * item.price)}</span>
          </li>
        ))}
      </ul>
      {note !== '' && <blockquote>{note}</blockquote>}
    </>
  );
}
