import { type ReactElement, useEffect, useRef } from 'react';
import { linesOf } from '../cart/cart-lines.ts';
import type { CartSession } from '../cart/cart-session.ts';
import { productOf } from '../catalogue/products.ts';
import { type Checkout, type CheckoutState, isBusy, shortageOf } from '../checkout/checkout.ts';
import { useCheckoutState, useSnapshot } from '../hooks/use-cart-session.ts';
import { hrefOf } from '../hooks/use-route.ts';
import { priceText } from '../pricing/money.ts';
import { totalsOf } from '../pricing/totals.ts';
import { cityOf } from '../sync/cities.ts';
import { Icon } from './icons.tsx';

export interface CheckoutPanelProps {
  readonly session: CartSession;
  readonly checkout: Checkout;
}

/** How often it is looked whether a refusal still holds. */
const lookAgainMs = 2_000;

/** The button that orders, and what became of the order. */
export function CheckoutPanel({ session, checkout }: CheckoutPanelProps): ReactElement {
  const { cart, activities } = useSnapshot(session);
  const state = useCheckoutState(checkout);
  const isShort = shortageOf(state) !== undefined;
  const latest = activities[0]?.id;
  const seen = useRef(latest);
  const status = useRef<HTMLDivElement>(null);
  const before = useRef(state.state);
  useEffect(() => {
    // What became of the order just placed is shown to who pressed the button.
    if (before.current === 'placing' || before.current === 'waiting') status.current?.scrollIntoView({ block: 'nearest' });
    before.current = state.state;
  }, [state.state]);
  useEffect(() => {
    // Who goes on shopping has read it.
    if (seen.current !== latest) checkout.dismiss();
    seen.current = latest;
  }, [checkout, latest]);
  useEffect(() => {
    if (!isShort) return;
    // Without an answer what is shown stays what was last known.
    const timer = setInterval(() => void checkout.lookAgain().catch(() => {}), lookAgainMs);
    return () => clearInterval(timer);
  }, [checkout, isShort]);
  const lines = linesOf(cart);
  return (
    <div className="checkout">
      {state.state !== 'unknown' && (
        <button
          type="button"
          className="button button-primary"
          aria-disabled={isBusy(state) || lines.length === 0}
          onClick={() => {
            if (!isBusy(state) && lines.length > 0) void checkout.place(cart);
          }}
        >
          {underWayText(state) ?? `Place order · ${priceText(totalsOf(lines, cart).total)}`}
        </button>
      )}
      <div ref={status} role="status">
        <Outcome state={state} checkout={checkout} />
      </div>
    </div>
  );
}

/** What an order that is under way is doing. */
function underWayText({ state }: CheckoutState): string | undefined {
  if (state === 'placing') return 'Placing the order …';
  return state === 'waiting' ? 'The order waits …' : undefined;
}

function Outcome({ state, checkout }: { readonly state: CheckoutState; readonly checkout: Checkout }): ReactElement | null {
  switch (state.state) {
    case 'idle':
    case 'placing':
      return null;
    case 'waiting':
      return (
        <div className="outcome outcome-open" data-outcome="waiting">
          <p className="outcome-title">{state.why.title}</p>
          <p>{state.why.reason}</p>
          <p>{state.why.advice}</p>
        </div>
      );
    case 'placed':
      return (
        <div className="outcome outcome-good" data-outcome="placed">
          <p className="outcome-title">
            <Icon name="check" /> Ordered{state.region === undefined ? '' : ` in ${cityOf(state.region)}`}
          </p>
          <p>
            The units are yours, whatever happens to the other regions. <a href={hrefOf('orders')}>See your orders</a>
          </p>
          <Dismiss checkout={checkout} />
        </div>
      );
    case 'failed':
      return (
        <div className="outcome outcome-bad" data-outcome="failed">
          <p className="outcome-title">{state.why.title}</p>
          <p>{state.why.reason}</p>
          <p>{state.why.advice}</p>
          <Dismiss checkout={checkout} />
        </div>
      );
    case 'open-again':
      return (
        <div className="outcome outcome-open" data-outcome="open-again">
          <p className="outcome-title">{productOf(state.shortage.productId)?.name ?? state.shortage.productId} may be had again</p>
          <p>What was missing is here, or the regions that hold it were heard again. Nothing was ordered so far: place the order again.</p>
          <Dismiss checkout={checkout} />
        </div>
      );
    case 'unknown':
      return (
        <div className="outcome outcome-open" data-outcome="unknown">
          <p className="outcome-title">Did the order arrive?</p>
          <p>The region did not answer in time, so nobody can say. Asking again is safe: it is the same order, and is placed once.</p>
          <button type="button" className="button button-primary" onClick={() => void checkout.askAgain()}>
            Ask again
          </button>
        </div>
      );
  }
}

function Dismiss({ checkout }: { readonly checkout: Checkout }): ReactElement {
  return (
    <button type="button" className="icon-button outcome-close" aria-label="Dismiss this message" onClick={() => checkout.dismiss()}>
      <Icon name="close" />
    </button>
  );
}
