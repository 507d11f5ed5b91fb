import { describe, expect, test } from 'vitest';
import { unexpectedIn } from './cart-check.ts';
import { ExpectedCart } from './expected-cart.ts';

const bread = { name: 'Rye bread', price: 420 };
const all = ['new-york', 'berlin', 'tokyo'] as const;

describe('ExpectedCart', () => {
  test('[DEMO5] the same article added on both sides counts twice', () => {
    const cart = new ExpectedCart();
    cart.record('berlin', { kind: 'add', sku: 'bread', quantity: 2 });
    cart.record('tokyo', { kind: 'add', sku: 'bread', quantity: 3 });
    expect(cart.contentIn('berlin').items).toEqual({ bread: { ...bread, qty: 2 } });
    expect(cart.contentIn('new-york').items).toEqual({});
    cart.converge(all);
    expect(cart.contentIn('new-york').items).toEqual({ bread: { ...bread, qty: 5 } });
  });

  test('[DEMO5] a removal cancels what it had seen, and nothing else', () => {
    const cart = new ExpectedCart();
    cart.record('berlin', { kind: 'add', sku: 'bread', quantity: 5 });
    cart.converge(all);
    cart.record('new-york', { kind: 'remove', sku: 'bread' });
    cart.record('tokyo', { kind: 'add', sku: 'bread', quantity: 3 });
    expect(cart.contentIn('new-york').items).toEqual({});
    expect(cart.contentIn('tokyo').items).toEqual({ bread: { ...bread, qty: 8 } });
    cart.converge(all);
    expect(cart.contentIn('tokyo').items).toEqual({ bread: { ...bread, qty: 3 } });
  });

  test('[DEMO5] the status is the one set last, wherever that was', () => {
    const cart = new ExpectedCart();
    cart.record('tokyo', { kind: 'status', value: 'packing' });
    cart.record('new-york', { kind: 'status', value: 'paid' });
    cart.converge(['tokyo', 'new-york']);
    expect(cart.contentIn('tokyo').status).toBe('paid');
    expect(cart.contentIn('berlin').status).toBeNull();
  });
});

describe('unexpectedIn', () => {
  const cart = new ExpectedCart();
  cart.record('tokyo', { kind: 'add', sku: 'bread', quantity: 3 });
  cart.record('tokyo', { kind: 'coupon', code: 'SPRING' });
  cart.record('tokyo', { kind: 'gift' });
  cart.record('tokyo', { kind: 'status', value: 'paid' });
  cart.record('tokyo', { kind: 'line', text: 'one' });
  cart.record('tokyo', { kind: 'line', text: 'two' });
  cart.record('tokyo', { kind: 'note', text: 'a.' });
  cart.record('tokyo', { kind: 'note', text: 'b.' });
  const shown = {
    items: { bread: { ...bread, qty: 3 } },
    coupons: ['SPRING'],
    gift: true,
    status: 'paid',
    lines: ['two', 'one'],
    note: 'b.a.',
  };

  test('[DEMO5] has nothing to say about what was promised', () => {
    expect(unexpectedIn(shown, cart.contentIn('tokyo'))).toEqual([]);
  });

  test.each([
    ['items', { items: { bread: { ...bread, qty: 6 } } }],
    ['items', { items: {} }],
    ['items', { items: { ...shown.items, tea: { name: null, price: null, qty: 0 } } }],
    ['coupons', { coupons: [] }],
    ['gift', { gift: false }],
    ['status', { status: null }],
    ['lines', { lines: ['one'] }],
    ['lines', { lines: ['two', 'one', 'one'] }],
    ['note', { note: 'b.' }],
    ['length of note', { note: 'b.a.a.' }],
  ])('[DEMO5] finds the fault planted in %s', (name, fault) => {
    const objections = unexpectedIn({ ...shown, ...fault }, cart.contentIn('tokyo'));
    expect(objections.some((objection) => objection.startsWith(`${name}:`))).toBe(true);
  });
});
