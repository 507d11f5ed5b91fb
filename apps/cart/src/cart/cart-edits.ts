// What a customer does, as operations. Each says what is meant, so that regions merge it: adding is an increment, never "the
// quantity is now 5".

import type { DocumentOp } from '@anabranch/client';
import type { Product } from '../catalogue/products.ts';
import type { DeliveryName } from '../pricing/delivery.ts';
import type { CartView } from '../sync/collections.ts';
import { textEdit } from './text-edit.ts';

export type CartAction =
  | { readonly type: 'add'; readonly product: Product; readonly by: number }
  | { readonly type: 'change'; readonly id: string; readonly by: number }
  | { readonly type: 'remove'; readonly id: string }
  | { readonly type: 'add-coupon'; readonly code: string }
  | { readonly type: 'remove-coupon'; readonly code: string }
  | { readonly type: 'gift'; readonly isGift: boolean }
  | { readonly type: 'deliver'; readonly by: DeliveryName }
  | { readonly type: 'note'; readonly text: string };

/** Units of one product in a cart. */
export const lineUnitsMax = 99;

/** Empty when the action changes nothing. */
export function opsOf(action: CartAction, cart: CartView): DocumentOp[] {
  switch (action.type) {
    case 'add':
      return addOps(action.product, action.by, cart);
    case 'change':
      return action.by === 0 ? [] : [{ op: 'increment', path: itemPath(action.id, 'qty'), by: action.by }];
    case 'remove':
      return Object.hasOwn(cart.items, action.id) ? [{ op: 'remove', path: itemPath(action.id) }] : [];
    case 'add-coupon':
      return [{ op: 'add', path: '/coupons', value: action.code }];
    case 'remove-coupon':
      return [{ op: 'remove', path: '/coupons', value: action.code }];
    case 'gift':
      return [{ op: action.isGift ? 'enable' : 'disable', path: '/gift' }];
    case 'deliver':
      return [{ op: 'set', path: '/status', value: action.by }];
    case 'note':
      return textEdit('/note', cart.note, action.text);
  }
}

/** The JSON pointer to a line of a cart, or to a field of it. */
export function itemPath(id: string, field?: 'qty' | 'name' | 'price'): string {
  const key = id.replaceAll('~', '~0').replaceAll('/', '~1');
  return field === undefined ? `/items/${key}` : `/items/${key}/${field}`;
}

function addOps({ id, name, price }: Product, by: number, cart: CartView): DocumentOp[] {
  const item = cart.items[id];
  // Less than nothing, or nothing, is what checkouts have left behind: it is taken away, not added to.
  const clear: DocumentOp[] = item !== undefined && item.qty <= 0 ? [{ op: 'remove', path: itemPath(id) }] : [];
  const describe: DocumentOp[] = [
    { op: 'set', path: itemPath(id, 'name'), value: name },
    { op: 'set', path: itemPath(id, 'price'), value: price },
  ];
  const isNew = item === undefined || item.qty <= 0;
  return [...clear, { op: 'increment', path: itemPath(id, 'qty'), by }, ...(isNew ? describe : [])];
}
