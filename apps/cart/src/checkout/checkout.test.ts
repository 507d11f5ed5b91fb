import { AnabranchError, type SubmitOptions, type Submitted, type SubmittedWrite } from '@anabranch/client';
import { describe, expect, test } from 'vitest';
import { type CartView, emptyCart } from '../sync/collections.ts';
import { Checkout, type CheckoutState } from './checkout.ts';
import { checkoutPlan } from './checkout-plan.ts';
import { pendingOrdersIn } from './pending-order.ts';
import { refusalText } from './refusal-text.ts';

const cart: CartView = {
  ...emptyCart,
  items: {
    tea: { qty: 2, name: 'Tea', price: 1450 },
    grinder: { qty: 1, name: 'Grinder', price: 9500 },
    mug: { qty: 0, name: 'Mug', price: 1 },
  },
  coupons: ['SAVE10'],
  gift: true,
  note: 'For Bo',
};
const facts = { customer: 'ann', orderId: 'ann-1', placedAt: '2026-01-01T00:00:00.000Z', region: 'tokyo' };

const unknown = new AnabranchError('outcome_unknown', 'no answer');
const unreachable = new AnabranchError('region_unreachable', 'no region');

/** What a region answers, one after the other. */
class ScriptedRegion {
  readonly asked: Array<{ writes: readonly SubmittedWrite[]; options: SubmitOptions }> = [];
  readonly #answers: Array<AnabranchError | 'done'>;
  constructor(...answers: Array<AnabranchError | 'done'>) {
    this.#answers = answers;
  }
  submit = async (writes: readonly SubmittedWrite[], options: SubmitOptions): Promise<Submitted> => {
    this.asked.push({ writes, options });
    const answer = this.#answers.shift();
    // A damaged region is asked first, under a key of its own, and does nothing.
    const keys = options.retryKey === undefined ? ['berlin|k0', `tokyo|k${this.asked.length}`] : [options.retryKey];
    if (answer !== undefined && answer !== unreachable) for (const key of keys) options.onRetryKey?.(key);
    if (answer !== 'done') throw answer ?? new AnabranchError('region_unreachable', 'nobody there');
    return { opId: 'tokyo.1:1', documents: {}, isConcernMet: true };
  };
}

class Shelf {
  readonly #kept = new Map<string, string>();
  getItem = (key: string): string | null => this.#kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.#kept.set(key, value);
  removeItem = (key: string): void => void this.#kept.delete(key);
}

interface Setting {
  readonly shelf?: Shelf;
  readonly isOffline?: boolean;
  readonly rights?: unknown;
  /** What is in the cart now. */
  readonly inCart?: () => CartView;
}

function checkoutAt(region: Pick<ScriptedRegion, 'submit'>, setting: Setting = {}): Checkout {
  const { shelf = new Shelf(), isOffline = false, rights = {}, inCart = () => cart } = setting;
  return new Checkout({
    customer: 'ann',
    submit: region.submit,
    expect: () => {},
    cart: inCart,
    region: () => 'tokyo',
    isOffline: () => isOffline,
    rights: () => Promise.resolve(rights),
    pending: pendingOrdersIn(shelf, 'shop'),
    nowMs: () => Date.UTC(2026, 0, 1),
    pause: () => Promise.resolve(),
    draw: () => 'x1',
  });
}

describe('an order', () => {
  test('[SHOP6] is one transaction: stock, cart and order', () => {
    const plan = checkoutPlan(cart, facts);
    expect(plan.map(({ document }) => document)).toEqual(['inventory/tea', 'inventory/grinder', 'carts/ann', 'orders/ann-1']);
    expect(plan[0]?.ops).toEqual([
      { op: 'decrement', path: '/stock', by: 2 },
      { op: 'increment', path: '/reserved', by: 2 },
    ]);
    expect(plan[2]?.ops).toEqual([
      { op: 'decrement', path: '/items/tea/qty', by: 2 },
      { op: 'decrement', path: '/items/grinder/qty', by: 1 },
      { op: 'remove', path: '/coupons', value: 'SAVE10' },
      { op: 'disable', path: '/gift' },
      { op: 'clear', path: '/note' },
      { op: 'insert', path: '/lines', index: 0, value: 'ann-1' },
    ]);
    expect(plan[3]?.ops).toContainEqual({ op: 'set', path: '/total', value: 12400 - 1240 + 350 + 490 });
    expect(plan[3]?.ops).toContainEqual({ op: 'insert', path: '/note', index: 0, text: 'For Bo' });
  });

  test('[SHOP6] that was placed says where, under an id of its own', async () => {
    const region = new ScriptedRegion('done');
    const checkout = checkoutAt(region);
    await checkout.place(cart);
    expect(checkout.state).toEqual({ state: 'placed', orderId: 'ann-20260101t000000-x1', region: 'tokyo' });
    expect(region.asked[0]?.options.retryKey).toBeUndefined();
  });

  test('[SHOP7] without an answer is asked for again under its key, and no other is placed meanwhile', async () => {
    const region = new ScriptedRegion(unknown, unreachable, 'done');
    const checkout = checkoutAt(region);
    await checkout.place(cart);
    expect(checkout.state.state).toBe('unknown');
    await checkout.place(cart);
    expect(region.asked).toHaveLength(1);
    await checkout.askAgain();
    expect(checkout.state.state).toBe('unknown');
    await checkout.askAgain();
    expect(checkout.state.state).toBe('placed');
    expect(region.asked.map(({ options }) => options.retryKey)).toEqual([undefined, 'tokyo|k1', 'tokyo|k1']);
    expect(new Set(region.asked.map(({ writes }) => JSON.stringify(writes))).size).toBe(1);
  });

  test('[SHOP7] without an answer is still known after a reload, until the cart shows it', async () => {
    const shelf = new Shelf();
    await checkoutAt(new ScriptedRegion(unknown), { shelf }).place(cart);
    const checkout = checkoutAt(new ScriptedRegion(), { shelf });
    expect(checkout.state).toMatchObject({ state: 'unknown', order: { retryKey: 'tokyo|k1' } });
    checkout.see({ ...cart, lines: ['another'] });
    expect(checkout.state.state).toBe('unknown');
    checkout.see({ ...cart, lines: ['ann-20260101t000000-x1'] });
    expect(checkout.state.state).toBe('placed');
    expect(checkoutAt(new ScriptedRegion(), { shelf }).state.state).toBe('idle');
  });

  test('[SHOP7] what was kept and is no order is not asked for', () => {
    const shelf = new Shelf();
    for (const text of ['{', 'null', '{"customer":"ann"}', '{"customer":"bo","orderId":"o","retryKey":"k","writes":[]}']) {
      shelf.setItem('anabranch-shop.order.shop.ann', text);
      expect(checkoutAt(new ScriptedRegion(), { shelf }).state.state).toBe('idle');
    }
  });

  test('[SHOP8] that reached no region says that nothing was ordered', async () => {
    const checkout = checkoutAt(new ScriptedRegion(unreachable), { isOffline: true });
    await checkout.place(cart);
    expect(checkout.state).toMatchObject({ state: 'failed', why: { title: 'The order was not sent', reason: /switched offline/ } });
    checkout.dismiss();
    expect(checkout.state.state).toBe('idle');
  });
});

describe('an order of units that others hold', () => {
  const lacking = (...holders: object[]) => {
    const details = { writeIndex: 1, needed: 1, held: 0, total: holders.length, holders };
    return new AnabranchError('insufficient_rights', 'no', details);
  };
  const heard = { origin: 'berlin.1', rights: 1, isReachable: true };
  const unheard = { ...heard, isReachable: false };

  /** Places an order, and resolves with what was shown until its end. */
  async function shown(
    region: ScriptedRegion,
    during: (checkout: Checkout) => void = () => {},
    setting: Setting = {},
  ): Promise<CheckoutState[]> {
    const checkout = checkoutAt(region, setting);
    const states: CheckoutState[] = [];
    checkout.subscribe(() => {
      states.push(checkout.state);
      during(checkout);
    });
    await checkout.place(cart);
    return states;
  }

  test('[SHOP8] waits while those that were heard lately may still answer, and is refused when they cannot be asked', async () => {
    const region = new ScriptedRegion(lacking(heard), lacking(heard), lacking(unheard));
    const states = await shown(region, (checkout) => {
      if (checkout.state.state === 'waiting') void checkout.place(cart);
    });
    expect(states.map(({ state }) => state)).toEqual(['placing', 'waiting', 'waiting', 'failed']);
    expect(states[1]).toMatchObject({
      why: {
        title: 'Waiting for Hand grinder',
        reason: 'Berlin holds 1 of the last units; here 0. You want 1.',
        advice: 'Berlin was asked for what is missing, and there is no answer yet. Nothing was ordered so far, and your cart is kept.',
      },
    });
    expect(states.at(-1)).toMatchObject({ why: { title: 'Hand grinder cannot be sold here in Tokyo' } });
    // No other was placed meanwhile, and each time it was the same order under the same key.
    expect(region.asked.map(({ options }) => options.retryKey)).toEqual([undefined, 'tokyo|k1', 'tokyo|k1']);
    expect(new Set(region.asked.map(({ writes }) => JSON.stringify(writes))).size).toBe(1);
    expect(JSON.stringify(states)).not.toContain('again.');
  });

  test('[SHOP8] is placed when what it waits for comes, and says so when it is sold out meanwhile', async () => {
    expect((await shown(new ScriptedRegion(lacking(heard), 'done'))).at(-1)).toMatchObject({ state: 'placed', region: 'tokyo' });
    expect((await shown(new ScriptedRegion(lacking(heard), lacking()))).at(-1)).toMatchObject({
      why: { title: 'Hand grinder is sold out' },
    });
    const lost = await shown(new ScriptedRegion(lacking(heard), unknown));
    expect(lost.at(-1)).toMatchObject({ state: 'unknown', order: { retryKey: 'tokyo|k1' } });
  });

  test('[SHOP8] does not wait for ever, and is not said to be open again for those who gave none', async () => {
    const rights = { counters: [{ path: '/stock', holders: [{ holder: 'berlin.1', down: 1, isReachable: true }] }] };
    const region = new ScriptedRegion(...new Array<AnabranchError>(9).fill(lacking(heard)));
    const checkout = checkoutAt(region, { rights });
    await checkout.place(cart);
    expect(region.asked).toHaveLength(5);
    expect(checkout.state).toMatchObject({ state: 'failed', why: { title: 'Hand grinder could not be had', advice: /did not come/ } });
    const said = checkout.state;
    await checkout.lookAgain();
    expect(checkout.state).toBe(said);
    Object.assign(rights.counters[0] ?? {}, { holders: [{ holder: 'tokyo.1', down: 1, isReachable: true }] });
    await checkout.lookAgain();
    expect(checkout.state.state).toBe('open-again');
  });

  test.each([
    ['nothing is left in it', { items: {} }, { state: 'idle' }],
    [
      'a line was taken out',
      { items: { grinder: cart.items['grinder'] } },
      { state: 'failed', why: { title: 'The order was not placed' } },
    ],
    ['a line was raised', { items: { ...cart.items, tea: { qty: 3, name: 'Tea', price: 1450 } } }, { state: 'failed' }],
    ['its note is another', { note: 'For Al' }, { state: 'failed', why: { reason: /became another than the one you ordered/ } }],
  ] as const)('[SHOP8] is not asked for again when the cart changed, whatever is shown of it: %s', async (_, change, end) => {
    const region = new ScriptedRegion(lacking(heard), 'done');
    let now = cart;
    const shelf = new Shelf();
    const edit = (checkout: Checkout): void => {
      if (checkout.state.state === 'waiting') now = { ...cart, ...change } as CartView;
    };
    const states = await shown(region, edit, { shelf, inCart: () => now });
    expect(states.map(({ state }) => state)).toEqual(['placing', 'waiting', end.state]);
    expect(states.at(-1)).toMatchObject(end);
    expect(region.asked).toHaveLength(1);
    expect(checkoutAt(new ScriptedRegion(), { shelf }).state.state).toBe('idle');
  });

  test('[SHOP7] is still known after a reload while it waits, and while the region has not answered', async () => {
    const shelf = new Shelf();
    const afterReload: CheckoutState[] = [];
    const reload = (): void => void afterReload.push(checkoutAt(new ScriptedRegion(), { shelf }).state);
    const region = new ScriptedRegion(lacking(heard), 'done');
    const submit: ScriptedRegion['submit'] = (writes, options) => {
      const answer = region.submit(writes, options);
      reload();
      return answer;
    };
    const checkout = checkoutAt({ submit }, { shelf });
    checkout.subscribe(reload);
    await checkout.place(cart);
    // Placing, asked, waiting, asked, placed.
    expect(afterReload.map(({ state }) => state)).toEqual(['idle', 'unknown', 'unknown', 'unknown', 'idle']);
    expect(afterReload[2]).toMatchObject({ order: { orderId: 'ann-20260101t000000-x1', retryKey: 'tokyo|k1' } });
  });

  test('[SHOP7] is placed once the cart shows it, although it was refused', async () => {
    let now = cart;
    const late = (): void => {
      now = { ...cart, items: {}, lines: ['ann-20260101t000000-x1'] };
    };
    expect((await shown(new ScriptedRegion(lacking(heard)), late, { inCart: () => now })).at(-1)?.state).toBe('placed');
  });

  test('[SHOP8] waits for those who hold enough, whoever else cannot be heard', async () => {
    const states = await shown(new ScriptedRegion(lacking(heard, { ...unheard, origin: 'new-york.1' }), 'done'));
    expect(states[1]).toMatchObject({ state: 'waiting', why: { advice: /^Berlin was asked/ } });
  });
});

describe('a refusal that is over', () => {
  const holder = (origin: string, down: number, isReachable: boolean) => ({ holder: origin, region: '', down, up: 0, isReachable });
  const rightsOf = (...holders: object[]) => ({ counters: [{ path: '/stock', value: 1, holders }] });
  const lacking = new AnabranchError('insufficient_rights', 'no', {
    ...{ writeIndex: 1, needed: 1, held: 0, total: 1 },
    holders: [{ origin: 'berlin.1', rights: 1, isReachable: false }],
  });

  async function refusedWith(error: AnabranchError, rights: unknown = {}): Promise<Checkout> {
    const checkout = checkoutAt(new ScriptedRegion(error), { rights });
    await checkout.place(cart);
    expect(checkout.state.state).toBe('failed');
    return checkout;
  }

  test('[SHOP8] is said no longer: the holder can be asked, or has sold what it held', async () => {
    const stillAway = await refusedWith(lacking, rightsOf(holder('berlin.1', 1, false)));
    const before = stillAway.state;
    await stillAway.lookAgain();
    expect(stillAway.state).toBe(before);

    const back = await refusedWith(lacking, rightsOf(holder('berlin.1', 1, true)));
    await back.lookAgain();
    expect(back.state).toEqual({ state: 'open-again', shortage: { productId: 'grinder', needed: 1, away: ['berlin'] } });
    back.dismiss();
    expect(back.state.state).toBe('idle');

    const moved = await refusedWith(lacking, rightsOf(holder('berlin.1', 0, false), holder('tokyo.1', 1, true)));
    await moved.lookAgain();
    expect(moved.state.state).toBe('open-again');

    const sold = await refusedWith(lacking, rightsOf(holder('berlin.1', 0, true)));
    await sold.lookAgain();
    expect(sold.state).toMatchObject({ state: 'failed', why: { title: 'Hand grinder is sold out' } });
  });

  test('[SHOP8] is said again when the holder, who was thought to be in reach, cannot be asked', async () => {
    const rights = rightsOf(holder('berlin.1', 1, true));
    const checkout = await refusedWith(lacking, rights);
    await checkout.lookAgain();
    const open = checkout.state;
    await checkout.lookAgain();
    expect(checkout.state).toBe(open);
    Object.assign(rights, rightsOf(holder('berlin.1', 1, false)));
    await checkout.lookAgain();
    expect(checkout.state).toMatchObject({ state: 'failed', why: { advice: expect.stringContaining('Berlin cannot be asked') } });
  });

  test('[SHOP8] is not open again for what the region holds from before its restart, and may not sell yet', async () => {
    const earlier = { holder: 'tokyo.0', down: 2, isReachable: false, isFrozen: true };
    const rights = rightsOf(earlier);
    const checkout = await refusedWith(lacking, rights);
    await checkout.lookAgain();
    expect(checkout.state).toMatchObject({ state: 'failed', why: { reason: expect.stringContaining('here 0') } });
    Object.assign(rights, rightsOf({ ...earlier, isFrozen: false }));
    await checkout.lookAgain();
    expect(checkout.state.state).toBe('open-again');
  });

  test('[SHOP8] is said no longer: the cart does not hold it any more', async () => {
    const checkout = await refusedWith(lacking);
    checkout.see(cart);
    expect(checkout.state.state).toBe('failed');
    checkout.see({ ...cart, items: { tea: { qty: 2, name: 'Tea', price: 1450 } } });
    expect(checkout.state.state).toBe('idle');
    const elsewhere = await refusedWith(new AnabranchError('store_full', 'the disk is full'));
    elsewhere.see({ ...cart, items: {} });
    expect(elsewhere.state.state).toBe('idle');
  });

  test('[SHOP8] is said no longer: a region can be reached; what a region refused stays', async () => {
    const unsent = await refusedWith(unreachable);
    unsent.connected();
    expect(unsent.state.state).toBe('idle');
    const refused = await refusedWith(lacking);
    refused.connected();
    expect(refused.state.state).toBe('failed');
  });
});

describe('a refusal', () => {
  const plan = checkoutPlan(cart, facts);
  const refused = (details: Record<string, unknown>) =>
    refusalText(new AnabranchError('insufficient_rights', 'no', details), plan, 'tokyo');

  test('[SHOP8] names who holds the last units, and who cannot be asked', () => {
    const holders = [{ origin: 'berlin.5f0c12ab90de', rights: 1, isReachable: false }];
    const text = refused({ writeIndex: 1, needed: 1, held: 0, total: 1, holders });
    expect(text).toEqual({
      title: 'Hand grinder cannot be sold here in Tokyo',
      reason: 'Berlin holds 1 of the last units; here 0. You want 1.',
      advice: expect.stringContaining('Berlin cannot be asked at the moment'),
      shortage: { productId: 'grinder', needed: 1, away: ['berlin'] },
    });
  });

  test('[SHOP8] adds up what a region holds from several epochs', () => {
    const holders = [
      { origin: 'berlin.a', rights: 1, isReachable: true },
      { origin: 'new-york.b', rights: 2, isReachable: true },
      { origin: 'berlin.c', rights: 3, isReachable: true },
    ];
    const { reason, advice } = refused({ writeIndex: 0, needed: 9, held: 3, total: 9, holders });
    expect(reason).toBe('Berlin holds 4 of the last units, New York holds 2 of the last units; here 3. You want 9.');
    expect(advice).toContain('Berlin and New York were asked for what is missing, and there is no answer yet.');
  });

  test('[SHOP8] does not name the region itself among those asked: what it holds from before its restart is not to be sold yet', () => {
    const own = { origin: 'tokyo.0', rights: 2, isReachable: true };
    const alone = refused({ writeIndex: 1, needed: 1, held: 0, total: 2, holders: [own] });
    expect(alone).toEqual({
      title: 'Hand grinder cannot be sold here in Tokyo',
      reason: 'Tokyo holds 2 from before it was restarted, and may not sell them yet; here 0. You want 1.',
      advice: 'When that changes, it is said here. Nothing was ordered so far, and your cart is kept.',
      shortage: { productId: 'grinder', needed: 1, away: [] },
    });
    const berlin = { origin: 'berlin.a', rights: 1, isReachable: true };
    const asked = refused({ writeIndex: 1, needed: 1, held: 0, total: 3, holders: [own, berlin] });
    expect(asked.reason).toMatch(/^Berlin holds 1 of the last units, Tokyo holds 2 from before/);
    expect(asked.advice).toContain('Berlin was asked for what is missing');
    const away = refused({ writeIndex: 1, needed: 1, held: 0, total: 3, holders: [own, { ...berlin, isReachable: false }] });
    expect(away.advice).toMatch(/^Berlin cannot be asked at the moment; when that changes/);
  });

  test('[SHOP8] tells sold out from too few, and from any other reason', () => {
    expect(refused({ writeIndex: 1, needed: 1, held: 0, total: 0, holders: [] }).title).toBe('Hand grinder is sold out');
    expect(refused({ writeIndex: 0, needed: 5, held: 1, total: 2, holders: [] }).reason).toContain('there are 2 left');
    expect(refusalText(new AnabranchError('store_full', 'the disk is full'), plan, 'tokyo').reason).toBe('the disk is full');
  });
});
