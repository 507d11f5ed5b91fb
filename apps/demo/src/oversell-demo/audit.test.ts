import { expect, test } from 'vitest';
import { saleObjections } from './audit.ts';
import { objectionsTo } from './rights-watch.ts';

test('[DEMO7] the audit finds orders that were lost, doubled or invented, and units that do not add up', () => {
  const sold = new Set(['a', 'b']);
  expect(saleObjections({ stock: 1, reserved: 2, orders: ['b', 'a'] }, sold, 3)).toEqual([]);
  expect(saleObjections({ stock: 2, reserved: 1, orders: ['a'] }, sold, 3)).toEqual(['acknowledged and lost: b']);
  expect(saleObjections({ stock: 0, reserved: 3, orders: ['a', 'b', 'c'] }, sold, 3)).toEqual(['sold to nobody: c']);
  expect(saleObjections({ stock: 0, reserved: 3, orders: ['a', 'b', 'a'] }, sold, 3)).toEqual(['sold twice: a']);
  expect(saleObjections({ stock: 1, reserved: 3, orders: ['a', 'b'] }, sold, 3)).toEqual(['3 units reserved for 2 orders']);
  expect(saleObjections({ stock: 0, reserved: 2, orders: ['a', 'b'] }, sold, 3)).toEqual(['a stock of 0 after 2 of 3']);
});

test('[DEMO7] the watch finds rights that do not add up, are less than none, or a stock below 0', () => {
  const holder = (region: string, down: number) => ({ holder: `${region}.00`, region, down, isReachable: true });
  const path = '/stock';
  expect(objectionsTo({ path, value: 3, holders: [holder('tokyo', 1), holder('berlin', 2)] })).toEqual([]);
  expect(objectionsTo({ path, value: 3, holders: [holder('tokyo', 1)] })).toEqual(['rights add up to 1, not to the stock of 3']);
  expect(objectionsTo({ path, value: 1, holders: [holder('tokyo', -1), holder('berlin', 2)] })).toEqual(['tokyo.00 holds -1']);
  expect(objectionsTo({ path, value: -1, holders: [holder('tokyo', -1)] })).toEqual(['the stock is -1', 'tokyo.00 holds -1']);
});
