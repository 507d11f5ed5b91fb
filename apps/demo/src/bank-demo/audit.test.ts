import { expect, test } from 'vitest';
import { ledgerObjections, viewObjections } from './audit.ts';
import type { AccountView, LogEntry, Transfer } from './ledger.ts';

const opening = (amount: number): LogEntry => ({ id: 'opening', amount });
const ann = (balance: number, ...log: LogEntry[]): AccountView => ({ name: 'ann', balance, log: [opening(10), ...log] });
const emi = (balance: number, ...log: LogEntry[]): AccountView => ({ name: 'emi', balance, log: [opening(5), ...log] });
const entry = (amount: number, id = 't-1'): LogEntry => ({ id, amount });

test('[DEMO8] a view in which money is missing, overdrawn, unlogged or halfway is found', () => {
  expect(viewObjections([ann(7, entry(-3)), emi(8, entry(3))], 15)).toEqual([]);
  expect(viewObjections([ann(7, entry(-3)), emi(5)], 15)).toEqual(['the total is 12, not 15', 't-1 is logged as -3']);
  expect(viewObjections([ann(-2, entry(-12)), emi(17, entry(12))], 15)).toEqual(['ann has -2']);
  expect(viewObjections([ann(9), emi(6)], 15)).toEqual([
    'ann has 9, and a log that adds up to 10',
    'emi has 6, and a log that adds up to 5',
  ]);
  expect(viewObjections([ann(4, entry(-3), entry(-3)), emi(11, entry(3), entry(3))], 15)).toEqual(['t-1 is logged as -3, -3, 3, 3']);
});

test('[DEMO8] a ledger that lost a transfer, or has one that nobody made, is found', () => {
  const made = new Map<string, Transfer>([['t-1', { id: 't-1', from: 'ann', to: 'emi', amount: 3 }]]);
  expect(ledgerObjections([ann(7, entry(-3)), emi(8, entry(3))], made)).toEqual([]);
  expect(ledgerObjections([ann(10), emi(5)], made)).toEqual(['acknowledged and lost: t-1']);
  expect(ledgerObjections([ann(8, entry(-2)), emi(7, entry(2))], made)).toEqual(['acknowledged and lost: t-1']);
  const doubled = [ann(6, entry(-3), entry(-1, 't-2')), emi(9, entry(3), entry(1, 't-2'))];
  expect(ledgerObjections(doubled, made)).toEqual(['made by nobody: t-2']);
});
