// Whether what a region shows is what was sold: the numbers of the orders, the units reserved, the stock that is left.

import { JsonFields } from '../json-fields.ts';
import type { RegionClient } from '../region-client.ts';
import { article, orderBook } from './order-desk.ts';

export interface ShownSale {
  readonly stock: number;
  readonly reserved: number;
  /** As often as they are written down. */
  readonly orders: readonly string[];
}

export async function readSale(client: RegionClient): Promise<ShownSale> {
  const tea = new JsonFields(await client.read(article.collection, article.id), 'article');
  const book = await client.read(orderBook.collection, orderBook.id);
  const orders = book === undefined ? [] : new JsonFields(book, 'orders').texts('lines');
  return { stock: tea.number('stock'), reserved: tea.number('reserved'), orders };
}

/** What speaks against it that exactly these orders were sold, out of so many units. */
export function saleObjections({ stock, reserved, orders }: ShownSale, sold: ReadonlySet<string>, unitCount: number): string[] {
  const shown = new Set(orders);
  const lost = [...sold].filter((order) => !shown.has(order));
  const strange = [...shown].filter((order) => !sold.has(order));
  const doubled = [...new Set(orders.filter((order, at) => orders.indexOf(order) !== at))];
  return [
    ...(lost.length > 0 ? [`acknowledged and lost: ${lost.join(', ')}`] : []),
    ...(strange.length > 0 ? [`sold to nobody: ${strange.join(', ')}`] : []),
    ...(doubled.length > 0 ? [`sold twice: ${doubled.join(', ')}`] : []),
    ...(reserved !== orders.length ? [`${reserved} units reserved for ${orders.length} orders`] : []),
    ...(stock !== unitCount - orders.length ? [`a stock of ${stock} after ${orders.length} of ${unitCount}`] : []),
  ];
}
