import { canonicalJson, type JsonValue } from '@anabranch/base';
import { JsonFields } from '../json-fields.ts';
import type { CartContent } from './expected-cart.ts';

/** What a region shows that was not expected, in words; empty when all is as promised. */
export function unexpectedIn(shown: unknown, expected: CartContent): string[] {
  const cart = new JsonFields(shown, 'cart');
  const note = cart.text('note');
  const facts: Array<[string, JsonValue, JsonValue]> = [
    ['items', cart.json('items'), { ...expected.items }],
    ['coupons', [...cart.texts('coupons')].sort(), expected.coupons],
    ['gift', cart.json('gift'), expected.gift],
    ['status', cart.json('status'), expected.status],
    ['lines', [...cart.texts('lines')].sort(), expected.lines],
    ['note', [...expected.noteParts.filter((part) => note.includes(part))], expected.noteParts],
    ['length of note', note.length, expected.noteParts.join('').length],
  ];
  return facts
    .filter(([, actual, wanted]) => canonicalJson(actual) !== canonicalJson(wanted))
    .map(([name, actual, wanted]) => `${name}: shown ${canonicalJson(actual)}, expected ${canonicalJson(wanted)}`);
}
