import { describe, expect, test } from 'vitest';
import { productOf } from '../catalogue/products.ts';
import { type CartView, emptyCart } from '../sync/collections.ts';
import { openDevice } from '../testing/device.ts';
import { actionOf, type CartAction, opsOf } from './cart-edits.ts';
import { linesOf, quantityIn } from './cart-lines.ts';

const tea = productOf('tea') ?? expect.unreachable();

function cartWith(items: Readonly<Record<string, number>>): CartView {
  return { ...emptyCart, items: Object.fromEntries(Object.entries(items).map(([id, qty]) => [id, { qty, name: null, price: null }])) };
}

describe('the edits of a cart', () => {
  test('[SHOP2] adding is an increment; name and price come with the first one', () => {
    const first = opsOf({ type: 'add', product: tea, by: 2 }, emptyCart);
    expect(first).toEqual([
      { op: 'increment', path: '/items/tea/qty', by: 2 },
      { op: 'set', path: '/items/tea/name', value: tea.name },
      { op: 'set', path: '/items/tea/price', value: tea.price },
    ]);
    const second = opsOf({ type: 'add', product: tea, by: 1 }, cartWith({ tea: 2 }));
    expect(second).toEqual([{ op: 'increment', path: '/items/tea/qty', by: 1 }]);
  });

  test('[SHOP2] removing names the line, and what is not there is not removed', () => {
    expect(opsOf({ type: 'remove', id: 'a/b~c' }, cartWith({ 'a/b~c': 1 }))).toEqual([{ op: 'remove', path: '/items/a~1b~0c' }]);
    expect(opsOf({ type: 'remove', id: 'tea' }, emptyCart)).toEqual([]);
    expect(opsOf({ type: 'change', id: 'tea', by: 0 }, cartWith({ tea: 1 }))).toEqual([]);
  });

  test('[SHOP2] less than nothing is no line, and is cleared by the next addition', async () => {
    const client = await openDevice();
    const cart = await client.open('carts', 'ann', { startEmpty: true });
    cart.edit(opsOf({ type: 'add', product: tea, by: 2 }, cart.value));
    cart.edit([{ op: 'decrement', path: '/items/tea/qty', by: 4 }]);
    expect(cart.value.items['tea']?.qty).toBe(-2);
    expect(linesOf(cart.value)).toEqual([]);
    expect(quantityIn(cart.value, 'tea')).toBe(0);

    cart.edit(opsOf({ type: 'add', product: tea, by: 1 }, cart.value));
    expect(linesOf(cart.value)).toEqual([{ id: 'tea', name: tea.name, qty: 1, price: tea.price }]);
    await client.close();
  });

  test('[SHOP2] lines stand in the order of the shop; what is not sold here comes last, under its own name', () => {
    const cart = cartWith({ 'apple-1': 1, mug: 1, tea: 3 });
    const items = { ...cart.items, 'apple-1': { qty: 1, name: 'Apples', price: 349 } };
    expect(linesOf({ items }).map(({ id, name, price }) => [id, name, price])).toEqual([
      ['tea', tea.name, tea.price],
      ['mug', productOf('mug')?.name, productOf('mug')?.price],
      ['apple-1', 'Apples', 349],
    ]);
  });

  test.each<CartAction>([
    { type: 'change', id: 'a/b~c', by: -2 },
    { type: 'remove', id: 'tea' },
    { type: 'add-coupon', code: 'SAVE10' },
    { type: 'remove-coupon', code: 'SAVE10' },
    { type: 'gift', isGift: true },
    { type: 'gift', isGift: false },
    { type: 'deliver', by: 'express' },
    { type: 'note', text: 'For Bo' },
  ])('[SHOP10] the operations of %j tell it again', (action) => {
    const ops = opsOf(action, { ...cartWith({ tea: 1 }), note: 'For' });
    expect(actionOf(JSON.stringify(ops), { ...emptyCart, note: 'For Bo' })).toEqual(action);
  });

  test('[SHOP10] an addition is told as a change by as much, and what is no action of the shop as none', () => {
    for (const cart of [emptyCart, cartWith({ tea: 0 }), cartWith({ tea: 1 })]) {
      const ops = opsOf({ type: 'add', product: tea, by: 3 }, cart);
      expect(actionOf(JSON.stringify(ops), cart)).toEqual({ type: 'change', id: 'tea', by: 3 });
    }
    for (const text of ['', '{}', '[]', '[1]', '[{"op":"increment","path":7}]', '[{"op":"insert","path":"/lines"}]'])
      expect(actionOf(text, emptyCart)).toBeUndefined();
  });
});
