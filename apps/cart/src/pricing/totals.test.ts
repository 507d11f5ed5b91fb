import { describe, expect, test } from 'vitest';
import { couponCode } from './coupons.ts';
import { priceText } from './money.ts';
import { totalsOf } from './totals.ts';

const none = { coupons: [], gift: false, status: null };
const line = (qty: number, price: number) => ({ id: 'tea', name: 'Tea', qty, price });

describe('totals', () => {
  test('[SHOP1] are whole cents: lines, coupons, gift wrapping and delivery', () => {
    const totals = totalsOf([line(2, 1450), line(1, 6400)], { coupons: ['SAVE10', 'TEATIME'], gift: true, status: 'express' });
    expect(totals).toEqual({
      units: 3,
      subtotal: 9300,
      discounts: [
        { code: 'SAVE10', label: '10 % off', off: 930 },
        { code: 'TEATIME', label: '$5 off', off: 500 },
      ],
      giftWrap: 350,
      delivery: 1290,
      total: 9300 - 930 - 500 + 350 + 1290,
    });
  });

  test('[SHOP1] a coupon that is unknown, or whose terms are not met, takes nothing off', () => {
    expect(totalsOf([line(1, 3999)], { ...none, coupons: ['NOSUCH', 'TEATIME'] })).toMatchObject({ discounts: [], total: 3999 + 490 });
    expect(totalsOf([line(1, 4000)], { ...none, coupons: ['TEATIME'] })).toMatchObject({ total: 4000 - 500 + 490 });
  });

  test('[SHOP1] free delivery covers express, and an empty cart costs nothing', () => {
    expect(totalsOf([line(1, 100)], { ...none, coupons: ['FREESHIP'], status: 'express' }).delivery).toBe(0);
    expect(totalsOf([], { coupons: ['SAVE10'], gift: true, status: 'express' })).toMatchObject({ giftWrap: 0, delivery: 0, total: 0 });
  });

  test('[SHOP1] a code is read as people type it, a price as people read it', () => {
    expect(couponCode('  save10 ')).toBe('SAVE10');
    expect(priceText(1450)).toBe('$14.50');
    expect(priceText(0)).toBe('$0.00');
  });
});
