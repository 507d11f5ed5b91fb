import { describe, expect, test } from 'vitest';
import { Ledger, type Purchase } from './ledger.ts';

const purchases: readonly Purchase[] = [
  { document: 'carts/one', sku: 'sku-1', by: 2, coupon: 'coupon-1' },
  { document: 'carts/one', sku: 'sku-1', by: 3, coupon: 'coupon-2' },
  { document: 'carts/two', sku: 'sku-2', by: 1, coupon: 'coupon-3' },
];

function ledgerOf(acknowledged: readonly Purchase[]): Ledger {
  const ledger = new Ledger();
  for (const purchase of acknowledged) ledger.acknowledge(purchase);
  return ledger;
}

const shownAfter = (applied: readonly Purchase[]) => {
  const ledger = ledgerOf(applied);
  return new Map(ledger.documents.map((document) => [document, ledger.expected(document)]));
};

describe('the ledger that fault tests compare with', () => {
  const ledger = ledgerOf(purchases);

  test('[FAULT1] accepts what was acknowledged', () => {
    expect(ledger.differences(shownAfter(purchases))).toEqual([]);
    expect(ledger.differences(shownAfter(purchases.toReversed()))).toEqual([]);
  });

  for (const [fault, shown] of [
    ['a purchase that is lost', shownAfter(purchases.slice(1))],
    ['a purchase that counts twice', shownAfter([...purchases, ...purchases.slice(0, 1)])],
    ['a document that is lost', shownAfter(purchases.slice(0, 2))],
    ['a document that nobody wrote', shownAfter([...purchases, { document: 'carts/three', sku: 'sku-1', by: 1, coupon: 'coupon-4' }])],
    ['a document that is refused', new Map<string, unknown>([...shownAfter(purchases), ['carts/two', 'record_damaged']])],
  ] as const) {
    test(`[FAULT1] names ${fault}`, () => {
      expect(ledger.differences(shown).length).toBe(1);
    });
  }
});
