// An order that a region was asked for, kept until it is known what became of it: also over a reload.

import type { SubmittedWrite } from '@anabranch/client';

export interface PendingOrder {
  readonly customer: string;
  readonly orderId: string;
  /** With it the same order is asked for again, not another one. */
  readonly retryKey: string;
  readonly writes: readonly SubmittedWrite[];
}

export interface PendingOrders {
  read(customer: string): PendingOrder | undefined;
  keep(order: PendingOrder): void;
  settle(customer: string): void;
}

/** Those that a device of this browser has placed. */
export function pendingOrdersIn(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>, device: string): PendingOrders {
  const keyOf = (customer: string): string => `anabranch-shop.order.${device}.${customer}`;
  return {
    read: (customer) => pendingOrderIn(storage.getItem(keyOf(customer)), customer),
    keep: (order) => storage.setItem(keyOf(order.customer), JSON.stringify(order)),
    settle: (customer) => storage.removeItem(keyOf(customer)),
  };
}

function pendingOrderIn(text: string | null, customer: string): PendingOrder | undefined {
  try {
    const order: unknown = JSON.parse(text ?? 'null');
    return isPendingOrder(order) && order.customer === customer ? order : undefined;
  } catch {
    return undefined;
  }
}

function isPendingOrder(value: unknown): value is PendingOrder {
  if (typeof value !== 'object' || value === null) return false;
  const { customer, orderId, retryKey, writes } = value as Record<string, unknown>;
  return [customer, orderId, retryKey].every((text) => typeof text === 'string') && Array.isArray(writes);
}
