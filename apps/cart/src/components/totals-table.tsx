import { Fragment, type ReactElement } from 'react';
import { priceText } from '../pricing/money.ts';
import type { Totals } from '../pricing/totals.ts';

export function TotalsTable({ totals }: { readonly totals: Totals }): ReactElement {
  const { units, subtotal, discounts, giftWrap, delivery, total } = totals;
  return (
    <dl className="totals">
      <dt>{units === 1 ? '1 item' : `${units} items`}</dt>
      <dd>{priceText(subtotal)}</dd>
      {discounts.map(({ code, label, off }) => (
        <Fragment key={code}>
          <dt>
            {code} <span className="muted">{label}</span>
          </dt>
          <dd>−{priceText(off)}</dd>
        </Fragment>
      ))}
      {giftWrap > 0 && (
        <>
          <dt>Gift wrapping</dt>
          <dd>{priceText(giftWrap)}</dd>
        </>
      )}
      <dt>Delivery</dt>
      <dd>{delivery === 0 ? 'Free' : priceText(delivery)}</dd>
      <dt className="total">Total</dt>
      <dd className="total">{priceText(total)}</dd>
    </dl>
  );
}
