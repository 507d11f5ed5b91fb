// What a customer does, as operations. Each says what is meant, so that regions merge it: adding is an increment, never "the
// quantity is now 5".

import type { DocumentOp } from '@anabranch/client';
import type { Product } from '../catalogue/products.ts';
import { type DeliveryName, deliveryOf } from '../pricing/delivery.ts';
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

/** What was meant by the operations of {@link opsOf}, as JSON text; undefined for what is none of its actions. */
export function actionOf(text: string, cart: CartView): CartAction | undefined {
  const ops = opsIn(text);
  const op = ops.find(({ op: name }) => name === 'increment') ?? ops[0];
  const [field, id = '', member] = typeof op?.path === 'string' ? op.path.slice(1).split('/').map(unescapeKey) : [];
  const code = typeof op?.value === 'string' ? op.value : '';
  switch (`${op?.op} ${field}`) {
    case 'increment items':
      return member === 'qty' && typeof op?.by === 'number' ? { type: 'change', id, by: op.by } : undefined;
    case 'remove items':
      return member === undefined ? { type: 'remove', id } : undefined;
    case 'add coupons':
      return { type: 'add-coupon', code };
    case 'remove coupons':
      return { type: 'remove-coupon', code };
    case 'enable gift':
    case 'disable gift':
      return { type: 'gift', isGift: op?.op === 'enable' };
    case 'set status':
      return { type: 'deliver', by: deliveryOf(code).name };
    case 'insert note':
    case 'delete note':
      return { type: 'note', text: cart.note };
    default:
      return undefined;
  }
}

type LooseOp = { readonly [Member in 'op' | 'path' | 'by' | 'value']?: unknown };

function opsIn(text: string): LooseOp[] {
  try {
    const ops: unknown = JSON.parse(text);
    return Array.isArray(ops) ? ops.filter((op) => typeof op === 'object' && op !== null) : [];
  } catch {
    return [];
  }
}

function unescapeKey(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
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
