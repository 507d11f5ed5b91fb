import type { RegionAddress } from '@anabranch/client';
import { createContext, useContext } from 'react';
import type { CartSession } from './cart/cart-session.ts';
import type { Checkout } from './checkout/checkout.ts';
import type { ShopClient } from './sync/shop-clients.ts';

/** What every part of the page may need. */
export interface Shop {
  readonly client: ShopClient;
  readonly regions: readonly RegionAddress[];
  readonly customer: string;
  readonly session: CartSession;
  readonly checkout: Checkout;
  /** When a region was last heard of, in milliseconds since 1970; undefined while one is. */
  readonly heardAt: number | undefined;
}

export const ShopContext = createContext<Shop | undefined>(undefined);

export function useShop(): Shop {
  const shop = useContext(ShopContext);
  if (shop === undefined) throw new Error('the shop is not open');
  return shop;
}
