import { type AnabranchError, isAnabranchError } from '@anabranch/client';
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { CartSession, type CartSnapshot } from '../cart/cart-session.ts';
import { Checkout, type CheckoutState } from '../checkout/checkout.ts';
import { pendingOrdersIn } from '../checkout/pending-order.ts';
import { drawCharacters } from '../sync/draw.ts';
import type { ShopClient } from '../sync/shop-clients.ts';

export interface CartOpening {
  readonly session: CartSession | undefined;
  readonly error: AnabranchError | undefined;
}

/** Opens the cart of a customer: as the device has it, or empty until a region has sent it. */
export function useCartSession(client: ShopClient | undefined, customer: string): CartOpening {
  const [opening, setOpening] = useState<CartOpening>({ session: undefined, error: undefined });
  useEffect(() => {
    let isCurrent = true;
    let session: CartSession | undefined;
    client?.open('carts', customer, { startEmpty: true }).then(
      (document) => {
        if (!isCurrent) return;
        session = new CartSession({ client, document, nowMs: () => performance.now() });
        setOpening({ session, error: undefined });
        // Without it nothing is lost but a word about each write.
        session.takeUp().catch(() => {});
      },
      (error: unknown) => {
        if (isCurrent && isAnabranchError(error)) setOpening({ session: undefined, error });
      },
    );
    return () => {
      isCurrent = false;
      session?.close();
      setOpening({ session: undefined, error: undefined });
    };
  }, [client, customer]);
  return opening;
}

export function useSnapshot(session: CartSession): CartSnapshot {
  return useSyncExternalStore(
    useCallback((changed: () => void) => session.subscribe(changed), [session]),
    () => session.snapshot,
  );
}

/** @param device names where an order whose outcome is unknown is kept */
export function useCheckout(client: ShopClient | undefined, session: CartSession | undefined, device: string): Checkout | undefined {
  const checkout = useMemo(() => {
    if (client === undefined || session === undefined) return undefined;
    const customer = session.customer;
    return new Checkout({
      customer,
      expect: (orderId) => session.expectOrder(orderId),
      submit: (writes, options) => client.submit(writes, options),
      cart: () => session.snapshot.cart,
      region: () => client.status.region,
      isOffline: () => client.status.isOffline,
      rights: (productId) => readRights(client, productId),
      pending: pendingOrdersIn(localStorage, device),
      nowMs: () => Date.now(),
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      draw: () => drawCharacters(5),
    });
  }, [client, session, device]);
  useEffect(() => {
    if (session === undefined || checkout === undefined) return;
    // On every page: also where nothing of the checkout is shown.
    const see = (): void => checkout.see(session.snapshot.cart);
    see();
    return session.subscribe(see);
  }, [session, checkout]);
  useEffect(
    () =>
      client?.onStatus(() => {
        if (client.status.connection === 'online') checkout?.connected();
      }),
    [client, checkout],
  );
  return checkout;
}

async function readRights({ status }: ShopClient, productId: string): Promise<unknown> {
  const url = status.regions.find(({ name }) => name === status.region)?.url;
  if (url === undefined) throw new Error('there is no region to ask');
  const response = await fetch(`${url}/v1/docs/inventory/${encodeURIComponent(productId)}/rights`);
  return response.json();
}

export function useCheckoutState(checkout: Checkout): CheckoutState {
  return useSyncExternalStore(
    useCallback((changed: () => void) => checkout.subscribe(changed), [checkout]),
    () => checkout.state,
  );
}
