import { productOf } from '../catalogue/products.ts';
import { deliveryOf } from '../pricing/delivery.ts';
import type { CartAction } from './cart-edits.ts';

/** What a customer did, in a few words. */
export function actionText(action: CartAction): string {
  switch (action.type) {
    case 'add':
      return `Added ${action.by} × ${action.product.name}`;
    case 'change':
      return `${action.by > 0 ? 'Added' : 'Took out'} ${Math.abs(action.by)} × ${nameOf(action.id)}`;
    case 'remove':
      return `Removed ${nameOf(action.id)}`;
    case 'add-coupon':
      return `Added coupon ${action.code}`;
    case 'remove-coupon':
      return `Removed coupon ${action.code}`;
    case 'gift':
      return action.isGift ? 'Asked for gift wrapping' : 'Took off gift wrapping';
    case 'deliver':
      return `Chose ${deliveryOf(action.by).label} delivery`;
    case 'note':
      return 'Wrote in the gift note';
  }
}

function nameOf(id: string): string {
  return productOf(id)?.name ?? id;
}
