import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { productOf } from '../catalogue/products.ts';
import type { ShopClient } from '../sync/shop-clients.ts';
import { openDevice } from '../testing/device.ts';
import { CartSession } from './cart-session.ts';

const tea = productOf('tea') ?? expect.unreachable();

describe('the session of a cart', () => {
  let client: ShopClient;
  let session: CartSession;

  beforeEach(async () => {
    client = await openDevice();
    const document = await client.open('carts', 'ann', { startEmpty: true });
    session = new CartSession({ client, document, nowMs: () => 0 });
  });

  afterEach(async () => {
    session.close();
    await client.close();
  });

  test('[SHOP10] shows what was done at once, newest first, and then how far it is', async () => {
    session.act({ type: 'add', product: tea, by: 2 });
    expect(session.snapshot.cart.items['tea']?.qty).toBe(2);
    session.act({ type: 'gift', isGift: true });
    const [gift, added] = session.snapshot.activities;
    expect([gift?.text, added?.text]).toEqual(['Asked for gift wrapping', 'Added 2 × Darjeeling, first flush']);
    await added?.write.when('saved');
    expect(added?.write.state).toBe('saved');
    expect(added?.region).toBeUndefined();
  });

  test('[SHOP3] the strokes of a note are one activity, whose state is that of the last', () => {
    for (const text of ['F', 'Fo', 'For', 'For Bo']) session.act({ type: 'note', text });
    expect(session.snapshot.cart.note).toBe('For Bo');
    expect(session.snapshot.activities.map(({ text }) => text)).toEqual(['Wrote in the gift note']);
    session.act({ type: 'add', product: tea, by: 1 });
    session.act({ type: 'note', text: 'For Bob' });
    expect(session.snapshot.activities).toHaveLength(3);
  });

  test('[SHOP2] what changes nothing is no write, and no news', () => {
    const before = session.snapshot;
    session.act({ type: 'note', text: '' });
    session.act({ type: 'remove', id: 'tea' });
    expect(session.snapshot).toBe(before);
    expect(client.status.pendingWrites).toBe(0);
  });

  test('[SHOP4] own changes are no conflicts, also those of another tab', async () => {
    const document = await client.open('carts', 'ann', { startEmpty: true });
    session.act({ type: 'add', product: tea, by: 2 });
    document.edit([{ op: 'increment', path: '/items/tea/qty', by: 3 }]);
    expect(session.snapshot.cart.items['tea']?.qty).toBe(5);
    expect(session.snapshot.notes).toEqual([]);
  });

  test('[SHOP10] tells who listens of each change, until it is closed', () => {
    let told = 0;
    session.subscribe(() => {
      told += 1;
    });
    session.act({ type: 'gift', isGift: true });
    expect(told).toBeGreaterThan(0);
    const before = told;
    session.close();
    session.act({ type: 'gift', isGift: false });
    expect(told).toBe(before);
  });

  test('[SHOP10] what waits from before is shown with how far it is, and is met by what others do', async () => {
    session.act({ type: 'add', product: tea, by: 2 });
    for (const text of ['F', 'Fo', 'For']) session.act({ type: 'note', text });
    session.act({ type: 'remove-coupon', code: 'SAVE10' });
    session.act({ type: 'deliver', by: 'pickup' });
    await session.snapshot.activities[0]?.write.when('saved');
    session.close();
    const document = await client.open('carts', 'ann', { startEmpty: true });
    const later = new CartSession({ client, document, nowMs: () => 0 });
    later.act({ type: 'gift', isGift: true });
    await later.takeUp();
    await later.takeUp();
    expect(later.snapshot.activities.map(({ text, write }) => [text, write.state])).toEqual([
      ['Asked for gift wrapping', 'saved'],
      ['Chose Pick up delivery', 'saved'],
      ['Wrote in the gift note', 'saved'],
      ['Added 2 × Darjeeling, first flush', 'saved'],
    ]);
    later.close();
  });
});
