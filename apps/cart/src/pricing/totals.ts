// What a cart costs. All in whole cents; nothing is ever below 0.

import type { CartLine } from '../cart/cart-lines.ts';
import type { CartView } from '../sync/collections.ts';
import { couponOf } from './coupons.ts';
import { deliveryOf } from './delivery.ts';

export const giftWrapPrice = 350;

export interface Discount {
  readonly code: string;
  readonly label: string;
  readonly off: number;
}

export interface Totals {
  readonly units: number;
  readonly subtotal: number;
  readonly discounts: readonly Discount[];
  readonly giftWrap: number;
  readonly delivery: number;
  readonly total: number;
}

export function totalsOf(lines: readonly CartLine[], { coupons, gift, status }: Pick<CartView, 'coupons' | 'gift' | 'status'>): Totals {
  const units = lines.reduce((sum, { qty }) => sum + qty, 0);
  const subtotal = lines.reduce((sum, { qty, price }) => sum + qty * price, 0);
  const known = coupons.flatMap((code) => couponOf(code) ?? []);
  let left = subtotal;
  const discounts = known.flatMap(({ code, label, off }) => {
    const taken = Math.min(left, off(subtotal));
    left -= taken;
    return taken > 0 ? [{ code, label, off: taken }] : [];
  });
  const isFree = units === 0 || known.some(({ isFreeDelivery }) => isFreeDelivery);
  const delivery = isFree ? 0 : deliveryOf(status).price;
  const giftWrap = gift && units > 0 ? giftWrapPrice : 0;
  return { units, subtotal, discounts, giftWrap, delivery, total: left + giftWrap + delivery };
}
