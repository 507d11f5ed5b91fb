// The accounts of the bank, transfers between them, and what they make of an account: a transfer takes from one balance, adds to
// another, and leaves an entry in both logs, all in one transaction.

import { JsonFields } from '../json-fields.ts';
import type { TransactionWrite } from '../region-client.ts';
import type { RegionName } from '../world-plan.ts';

export const accountsCollection = 'accounts';

/** Who opened each account, and where. */
export const accountHomes = {
  ann: 'new-york',
  bob: 'new-york',
  cleo: 'berlin',
  dan: 'berlin',
  emi: 'tokyo',
  finn: 'tokyo',
} as const satisfies Record<string, RegionName>;

export type AccountName = keyof typeof accountHomes;
export const accountNames: readonly AccountName[] = ['ann', 'bob', 'cleo', 'dan', 'emi', 'finn'];

export interface Transfer {
  readonly id: string;
  readonly from: AccountName;
  readonly to: AccountName;
  readonly amount: number;
}

export interface LogEntry {
  /** The id of the transfer, or `opening`. */
  readonly id: string;
  /** What the balance changed by. */
  readonly amount: number;
}

export interface AccountView {
  readonly name: AccountName;
  readonly balance: number;
  readonly log: readonly LogEntry[];
}

export function openingOf(amount: number): readonly object[] {
  return changeBy('opening', amount);
}

export function writesOf({ id, from, to, amount }: Transfer): TransactionWrite[] {
  return [
    { document: `${accountsCollection}/${from}`, ops: changeBy(id, -amount) },
    { document: `${accountsCollection}/${to}`, ops: changeBy(id, amount) },
  ];
}

/** A transaction that changes nothing: its answer shows all accounts at one moment. */
export const wholeView: readonly TransactionWrite[] = accountNames.map((name) => ({
  document: `${accountsCollection}/${name}`,
  ops: [{ op: 'increment', path: '/balance', by: 0 }],
}));

/** One account as a region shows it. */
export function parseAccount(name: AccountName, value: unknown): AccountView {
  const account = new JsonFields(value, name);
  const log = account.list('log').map((entry) => ({ id: entry.text('id'), amount: entry.number('amount') }));
  return { name, balance: account.number('balance'), log };
}

function changeBy(id: string, amount: number): readonly object[] {
  return [
    amount < 0 ? { op: 'decrement', path: '/balance', by: -amount } : { op: 'increment', path: '/balance', by: amount },
    { op: 'insert', path: '/log', index: 0, value: { id, amount } },
  ];
}
