// An order as one transaction: the units leave the stock, the lines leave the cart, and the order exists; or nothing of it.
//
// Invariant 1: the cart loses exactly what was ordered. What another device puts in meanwhile stays.
// Invariant 2: the same plan sent again is the same order: its id is part of it.

import type { DocumentOp, SubmittedWrite } from '@anabranch/client';
import { itemPath } from '../cart/cart-edits.ts';
import { linesOf } from '../cart/cart-lines.ts';
import { deliveryOf } from '../pricing/delivery.ts';
import { totalsOf } from '../pricing/totals.ts';
import type { CartView, OrderedLine } from '../sync/collections.ts';

export interface OrderFacts {
  readonly customer: string;
  readonly orderId: string;
  readonly placedAt: string;
  readonly region: string | undefined;
}

export function checkoutPlan(cart: CartView, facts: OrderFacts): SubmittedWrite[] {
  const lines = linesOf(cart);
  const stock = lines.map(({ id, qty }): SubmittedWrite => {
    return {
      document: `inventory/${id}`,
      ops: [
        { op: 'decrement', path: '/stock', by: qty },
        { op: 'increment', path: '/reserved', by: qty },
      ],
    };
  });
  return [
    ...stock,
    { document: `carts/${facts.customer}`, ops: emptyCartOps(cart, lines, facts.orderId) },
    { document: `orders/${facts.orderId}`, ops: orderOps(cart, lines, facts) },
  ];
}

/** Whether a cart is the one that a plan was made of. */
export function isPlanOf(writes: readonly SubmittedWrite[], cart: CartView): boolean {
  const order = writes.at(-1);
  const textAt = (path: string): string | undefined => {
    const op = order?.ops.find((one) => one.op === 'set' && one.path === path);
    return op?.op === 'set' && typeof op.value === 'string' ? op.value : undefined;
  };
  const facts = { customer: textAt('/customer') ?? '', placedAt: textAt('/placedAt') ?? '', region: textAt('/region') };
  const orderId = order?.document.slice('orders/'.length) ?? '';
  return JSON.stringify(checkoutPlan(cart, { ...facts, orderId })) === JSON.stringify(writes);
}

/** The product that a write of a plan takes from the stock. */
export function productIdOf(write: SubmittedWrite | undefined): string | undefined {
  return write?.document.startsWith('inventory/') ? write.document.slice('inventory/'.length) : undefined;
}

function emptyCartOps(cart: CartView, lines: readonly OrderedLine[], orderId: string): DocumentOp[] {
  return [
    ...lines.map(({ id, qty }): DocumentOp => ({ op: 'decrement', path: itemPath(id, 'qty'), by: qty })),
    ...cart.coupons.map((value): DocumentOp => ({ op: 'remove', path: '/coupons', value })),
    ...(cart.gift ? [{ op: 'disable', path: '/gift' } as const] : []),
    ...(cart.note === '' ? [] : [{ op: 'clear', path: '/note' } as const]),
    { op: 'insert', path: '/lines', index: 0, value: orderId },
  ];
}

function orderOps(cart: CartView, lines: readonly OrderedLine[], facts: OrderFacts): DocumentOp[] {
  const items = lines.map(({ id, name, qty, price }) => ({ id, name, qty, price }));
  const set = (path: string, value: string | number | OrderedLine[] | null): DocumentOp => ({ op: 'set', path, value });
  return [
    set('/customer', facts.customer),
    set('/placedAt', facts.placedAt),
    set('/region', facts.region ?? null),
    set('/items', items),
    set('/delivery', deliveryOf(cart.status).name),
    set('/total', totalsOf(lines, cart).total),
    ...cart.coupons.map((value): DocumentOp => ({ op: 'add', path: '/coupons', value })),
    ...(cart.gift ? [{ op: 'enable', path: '/gift' } as const] : []),
    ...(cart.note === '' ? [] : [{ op: 'insert', path: '/note', index: 0, text: cart.note } as const]),
  ];
}
