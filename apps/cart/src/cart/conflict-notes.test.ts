import type { WriteState } from '@anabranch/client';
import { describe, expect, test } from 'vitest';
import { productOf } from '../catalogue/products.ts';
import { type CartView, emptyCart } from '../sync/collections.ts';
import type { CartAction } from './cart-edits.ts';
import { answeredBy, type ConflictNote, conflictsIn, lessThanNothingIn, notesAfterOrder } from './conflict-notes.ts';
import { OwnEdits } from './own-edits.ts';

const tea = productOf('tea') ?? expect.unreachable();

/** A write whose state the test decides. */
class SteeredWrite {
  readonly id = '';
  state: WriteState = 'durable';
  readonly #listeners = new Set<() => void>();
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  reach(state: WriteState): void {
    this.state = state;
    for (const listener of this.#listeners) listener();
  }
}

function cartOf(tea: number | undefined, fields: Partial<CartView> = {}): CartView {
  return { ...emptyCart, items: tea === undefined ? {} : { tea: { qty: tea, name: 'Tea', price: 1 } }, ...fields };
}

function notesAfter(actions: readonly CartAction[], previous: CartView, value: CartView): ConflictNote[] {
  const own = new OwnEdits(() => 0);
  for (const action of actions) own.add(action, new SteeredWrite());
  return conflictsIn({ region: 'berlin', previous, value }, own.doings());
}

const add = (by: number): CartAction => ({ type: 'add', product: tea, by });
const change = (by: number): CartAction => ({ type: 'change', id: 'tea', by });
const remove: CartAction = { type: 'remove', id: 'tea' };

describe('a conflict in words', () => {
  test.each<{ when: string; actions: CartAction[]; before?: number; after: number; text: string }>([
    { when: 'both added', actions: [add(2)], before: 2, after: 5, text: 'Berlin also changed this: 2 + 3 = 5' },
    { when: 'there was some before', actions: [add(1)], before: 5, after: 8, text: 'Berlin also changed this: 4 + 1 + 3 = 8' },
    { when: 'the other took some out', actions: [change(2)], before: 6, after: 5, text: 'Berlin also changed this: 4 + 2 − 1 = 5' },
    { when: 'removed here, raised there', actions: [add(1), remove], after: 3, text: 'Berlin added 3 while you removed it: 3 stay.' },
    { when: 'removed there, raised here', actions: [add(3)], before: 5, after: 3, text: 'Berlin removed the 2 it had seen: your 3 stay.' },
    { when: 'one unit is singular', actions: [remove], after: 1, text: 'Berlin added 1 while you removed it: 1 stays.' },
  ])('[SHOP4] quantities: $when', ({ actions, before, after, text }) => {
    expect(notesAfter(actions, cartOf(before), cartOf(after))).toMatchObject([{ topic: 'line tea', line: 'tea', text }]);
  });

  test('[SHOP4] a removal is told from a lower quantity by the name that went with it', () => {
    const removed: CartView = { ...emptyCart, items: { tea: { qty: 3, name: null, price: null } } };
    expect(notesAfter([add(6)], cartOf(8), removed)).toMatchObject([{ text: 'Berlin removed the 5 it had seen: your 3 stay.' }]);
    expect(notesAfter([add(6)], cartOf(8), cartOf(3))).toMatchObject([{ text: 'Berlin also changed this: 2 + 6 − 5 = 3' }]);
  });

  test('[SHOP4] edits of one region that come one after the other are told as one', () => {
    const own = new OwnEdits(() => 0);
    own.add(add(2), new SteeredWrite());
    let shown: ConflictNote[] = [];
    const receive = (region: string, before: number, after: number): string | undefined => {
      shown = conflictsIn({ region, previous: cartOf(before), value: cartOf(after) }, own.doings(), shown);
      return shown[0]?.text;
    };
    expect(receive('tokyo', 2, 3)).toBe('Tokyo also changed this: 2 + 1 = 3');
    expect(receive('tokyo', 3, 5)).toBe('Tokyo also changed this: 2 + 3 = 5');
    expect(receive('berlin', 5, 6)).toBe('Berlin also changed this: 3 + 2 + 1 = 6');
    // What is done about a line answers the note at it.
    own.add(remove, new SteeredWrite());
    shown = shown.filter(({ topic }) => topic !== answeredBy(remove));
    expect(receive('berlin', 0, 1)).toBe('Berlin added 1 while you removed it: 1 stays.');
  });

  test('[SHOP4] what only others did is no conflict', () => {
    expect(notesAfter([], cartOf(2), cartOf(5))).toEqual([]);
    expect(notesAfter([add(2)], cartOf(2, { note: '' }), cartOf(2, { note: 'Hi' }))).toEqual([]);
    expect(notesAfter([remove], cartOf(undefined), cartOf(undefined, { gift: true }))).toEqual([]);
  });

  test('[SHOP4] a choice that was replaced can be made again', () => {
    const chosen = { type: 'deliver', by: 'pickup' } as const;
    const [note, ...rest] = notesAfter([chosen], cartOf(1, { status: 'pickup' }), cartOf(1, { status: 'express' }));
    expect(rest).toEqual([]);
    expect(note).toMatchObject({ text: 'Berlin chose Express later: it replaced your Pick up.', again: { action: chosen } });
  });

  test('[SHOP4] flags and coupons that come back, texts that were both written, orders placed elsewhere', () => {
    const off = { type: 'gift', isGift: false } as const;
    expect(notesAfter([off], cartOf(1), cartOf(1, { gift: true }))).toMatchObject([{ topic: 'gift' }]);
    const without = { type: 'remove-coupon', code: 'SAVE10' } as const;
    expect(notesAfter([without], cartOf(1), cartOf(1, { coupons: ['SAVE10'] }))).toMatchObject([{ topic: 'coupon SAVE10' }]);
    const wrote = { type: 'note', text: 'a' } as const;
    expect(notesAfter([wrote], cartOf(1, { note: 'a' }), cartOf(1, { note: 'ab' }))).toMatchObject([{ topic: 'note' }]);
  });

  test('[SHOP4] what became of the gift note is told as it is', () => {
    const wrote = { type: 'note', text: 'For Bo' } as const;
    const noteOf = (before: string, after: string, fields: Partial<CartView> = {}): string | undefined =>
      notesAfter([wrote], cartOf(1, { note: before }), cartOf(1, { note: after, ...fields })).find(({ topic }) => topic === 'note')?.text;
    expect(noteOf('For Bo', 'For Bo and Ann')).toBe('Berlin wrote in the gift note too: both texts are kept.');
    expect(noteOf('For Bo and Ann', 'For Bo')).toBe('Berlin took out a part of the gift note.');
    expect(noteOf('For Bo', 'To Bo!')).toBe('Berlin also changed the gift note: a part was taken out, another one written.');
    expect(noteOf('For Bo', '')).toBe('Berlin deleted the gift note.');
    expect(noteOf('', 'For Ann')).toBe('Berlin wrote in the gift note while you emptied it: that stays.');
    expect(noteOf('For Bo', 'Bo', { lines: ['o-1'] })).toBe(
      'Berlin ordered with the gift note it had seen: what it had not seen stays here.',
    );
    expect(noteOf('For Bo', '', { lines: ['o-1'] })).toBeUndefined();
  });

  test('[SHOP4] what an order elsewhere took is no removal and no sum', () => {
    const texts = (actions: readonly CartAction[], before: number, after: number): string[] =>
      notesAfter(actions, cartOf(before), cartOf(after, { lines: ['o-1'] })).map(({ text }) => text);
    const whole = 'An order was placed in Berlin: what it held has left the cart.';
    expect(texts([add(1)], 3, 1)).toEqual([whole, 'Berlin ordered what it had seen of this: 1 stays.']);
    expect(texts([add(1)], 1, 0)).toEqual([whole]);
    expect(texts([add(1)], 0, -1)).toEqual([
      'An order was placed in Berlin: it holds units that had left the cart before. Look at your orders.',
    ]);
  });

  test('[SHOP4] what the own order took along is in no sum after it, and its notes are gone', () => {
    const own = new OwnEdits(() => 0);
    own.add(add(1), new SteeredWrite());
    own.add({ type: 'note', text: 'For Bo' }, new SteeredWrite());
    own.addOrder('o-1');
    own.add(change(2), new SteeredWrite());
    own.ordered(['o-9']);
    expect(own.doings().line('tea')).toEqual({ added: 3, isRemoved: false });
    own.ordered(['o-1']);
    expect(own.doings().line('tea')).toEqual({ added: 2, isRemoved: false });
    expect(own.doings().last('note')).toBeUndefined();
    const kept = notesAfterOrder(['line tea', 'note', 'delivery', 'refused', 'coupon A'].map((topic) => ({ topic, text: '' })));
    expect(kept.map(({ topic }) => topic)).toEqual(['delivery', 'refused']);
  });

  test('[SHOP4] a sum that does not hold is not shown', () => {
    expect(notesAfter([add(5)], cartOf(1), cartOf(2))).toMatchObject([{ text: 'Berlin also changed this: now 2.' }]);
  });

  test('[SHOP4] units that left the cart twice count as none, and can be set to none', () => {
    expect(lessThanNothingIn(cartOf(0))).toEqual([]);
    expect(lessThanNothingIn(cartOf(-1))).toMatchObject([
      {
        topic: 'less tea',
        text: expect.stringContaining('more left this cart than were in it'),
        again: { action: remove },
        isLasting: true,
      },
    ]);
  });

  test('[SHOP4] an order that another device has placed is told, the own one is not', () => {
    const change = { region: 'berlin', previous: cartOf(1, { lines: ['o-1'] }), value: cartOf(0, { lines: ['o-2', 'o-1'] }) };
    const own = new OwnEdits(() => 0);
    own.add(add(1), new SteeredWrite());
    expect(conflictsIn(change, own.doings())).toMatchObject([{ topic: 'order', text: expect.stringContaining('Berlin') }]);
    expect(conflictsIn({ ...change, region: undefined }, own.doings())).toEqual([]);
    own.addOrder('o-2');
    expect(conflictsIn(change, own.doings())).toEqual([]);
  });

  test('[SHOP4] an edit counts until every region has had it for a while, and never when it was refused', () => {
    let nowMs = 0;
    const own = new OwnEdits(() => nowMs);
    const [write, refused] = [new SteeredWrite(), new SteeredWrite()];
    own.add(add(2), write);
    own.add(add(9), refused);
    refused.reach('refused');
    nowMs = 1_000_000;
    expect(own.doings().line('tea')).toEqual({ added: 2, isRemoved: false });
    write.reach('all');
    nowMs += 1_000;
    expect(own.doings().line('tea')).toEqual({ added: 2, isRemoved: false });
    nowMs += 10_000;
    expect(own.doings().line('tea')).toBeUndefined();
  });
});
