import { type ReactElement, useId } from 'react';
import { linesOf } from '../cart/cart-lines.ts';
import { useSnapshot } from '../hooks/use-cart-session.ts';
import { totalsOf } from '../pricing/totals.ts';
import { useShop } from '../shop-context.ts';
import { ActivityList } from './activity-list.tsx';
import { CartLines } from './cart-lines.tsx';
import { CheckoutPanel } from './checkout-panel.tsx';
import { CouponForm } from './coupon-form.tsx';
import { DeliveryChoice } from './delivery-choice.tsx';
import { GiftOptions } from './gift-options.tsx';
import { TotalsTable } from './totals-table.tsx';

/** The whole cart of the customer. */
export function CartPanel({ level }: { readonly level: 1 | 2 }): ReactElement {
  const { client, session, checkout } = useShop();
  const { cart, activities } = useSnapshot(session);
  const [headingId, activityId] = [useId(), useId()];
  const lines = linesOf(cart);
  const Heading = level === 1 ? 'h1' : 'h2';
  return (
    <section className="cart-panel" aria-labelledby={headingId}>
      <Heading id={headingId}>Your cart</Heading>
      <CartLines client={client} session={session} label="Lines of the cart" emptyText="Nothing in it yet." />
      {(lines.length > 0 || cart.coupons.length > 0 || cart.note !== '') && (
        <>
          <CouponForm session={session} />
          <GiftOptions session={session} />
          <DeliveryChoice session={session} />
          <TotalsTable totals={totalsOf(lines, cart)} />
        </>
      )}
      <CheckoutPanel session={session} checkout={checkout} />
      <ActivityList activities={activities} headingId={activityId} shownMax={6} level={level === 1 ? 2 : 3} />
    </section>
  );
}
