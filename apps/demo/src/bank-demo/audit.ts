// Whether the accounts that a region shows at one moment can be: what any view must satisfy, and what the last one must.
//
// Invariant 1: at any moment no balance is below 0, each is the sum of its log, all together are the money that was paid in, and
//              every transfer is in two logs, once in each, or in none.

import type { AccountName, AccountView, Transfer } from './ledger.ts';

/** What is wrong with all accounts as shown at one moment, in words. */
export function viewObjections(accounts: readonly AccountView[], total: number): string[] {
  const sum = accounts.reduce((money, { balance }) => money + balance, 0);
  const sides = new Map<string, number[]>();
  for (const { log } of accounts) {
    for (const { id, amount } of log) if (id !== 'opening') sides.set(id, [...(sides.get(id) ?? []), amount]);
  }
  return [
    ...(sum !== total ? [`the total is ${sum}, not ${total}`] : []),
    ...accounts.flatMap(({ name, balance, log }) => {
      const logged = log.reduce((money, { amount }) => money + amount, 0);
      return [
        ...(balance < 0 ? [`${name} has ${balance}`] : []),
        ...(balance !== logged ? [`${name} has ${balance}, and a log that adds up to ${logged}`] : []),
      ];
    }),
    ...[...sides]
      .filter(([, amounts]) => amounts.length !== 2 || (amounts[0] ?? 0) + (amounts[1] ?? 0) !== 0)
      .map(([id, amounts]) => `${id} is logged as ${amounts.join(', ')}`),
  ];
}

/** What speaks against it that exactly these transfers were made. */
export function ledgerObjections(accounts: readonly AccountView[], made: ReadonlyMap<string, Transfer>): string[] {
  const logged = new Map(accounts.map(({ name, log }) => [name, log]));
  const has = (name: AccountName, id: string, amount: number): boolean =>
    logged.get(name)?.some((entry) => entry.id === id && entry.amount === amount) ?? false;
  const lost = [...made.values()].filter(({ id, from, to, amount }) => !has(from, id, -amount) || !has(to, id, amount));
  const shown = new Set([...logged.values()].flatMap((log) => log.map(({ id }) => id)));
  const strange = [...shown].filter((id) => id !== 'opening' && !made.has(id));
  return [
    ...(lost.length > 0 ? [`acknowledged and lost: ${lost.map(({ id }) => id).join(', ')}`] : []),
    ...(strange.length > 0 ? [`made by nobody: ${strange.join(', ')}`] : []),
  ];
}
