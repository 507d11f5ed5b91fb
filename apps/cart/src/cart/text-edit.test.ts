import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyCart } from '../sync/collections.ts';
import { openDevice } from '../testing/device.ts';
import { caretAfter } from './caret.ts';
import { textEdit } from './text-edit.ts';

describe('the gift note', () => {
  test('[SHOP3] a stroke becomes the operations of that stroke', () => {
    expect(textEdit('/note', 'For Ann', 'For Anna')).toEqual([{ op: 'insert', path: '/note', index: 7, text: 'a' }]);
    expect(textEdit('/note', 'For Anna', 'For Ann')).toEqual([{ op: 'delete', path: '/note', index: 7, length: 1 }]);
    expect(textEdit('/note', 'one two', 'one six')).toEqual([
      { op: 'delete', path: '/note', index: 4, length: 3 },
      { op: 'insert', path: '/note', index: 4, text: 'six' },
    ]);
    expect(textEdit('/note', emptyCart.note, emptyCart.note)).toEqual([]);
  });

  test('[SHOP3] any text becomes any other, whatever the characters are made of', async () => {
    const client = await openDevice();
    const cart = await client.open('carts', 'ann', { startEmpty: true });
    const characters = fc.string({ unit: fc.constantFrom('a', 'b', '🍵', '🍶', '🎁', 'é'), maxLength: 12 });
    fc.assert(
      fc.property(characters, (text) => {
        const ops = textEdit('/note', cart.value.note, text);
        if (ops.length > 0) cart.edit(ops);
        expect(cart.value.note).toBe(text);
      }),
    );
    await client.close();
  });

  test('[SHOP3] the caret stays with the characters before it when others write', () => {
    expect(caretAfter('Dear Ann', 'To dear Ann', 8)).toBe(11);
    expect(caretAfter('Dear Ann', 'Dear Ann, bye', 4)).toBe(4);
    expect(caretAfter('Dear Ann', 'Dear Ann', 3)).toBe(3);
    expect(caretAfter('one two three', 'one three', 6)).toBeLessThanOrEqual(9);
  });
});
