// What the shop of the local world has to sell. Each region takes its share into stock itself, and so holds the rights to sell
// it: while regions cannot hear each other, each sells its own units and refuses the rest.
//
// Invariant 1: a shelf is filled once in the life of a world, however often it is started: the delivery of a region is one
//              transaction with one idempotency key. Another delivery needs another key.

import type { TransactionWrite } from './region-client.ts';
import type { World } from './world.ts';
import type { RegionName } from './world-plan.ts';

type Shares = Readonly<Record<RegionName, number>>;

const many: Shares = { 'new-york': 12, berlin: 12, tokyo: 12 };
const some: Shares = { 'new-york': 5, berlin: 5, tokyo: 5 };

/** Units by product and region. */
const deliveries: Readonly<Record<string, Shares>> = {
  tea: many,
  matcha: some,
  coffee: many,
  cocoa: many,
  honey: { 'new-york': 0, berlin: 0, tokyo: 0 },
  mug: many,
  teapot: { 'new-york': 1, berlin: 1, tokyo: 1 },
  kettle: some,
  dripper: many,
  grinder: { 'new-york': 0, berlin: 1, tokyo: 0 },
  tray: { 'new-york': 2, berlin: 1, tokyo: 1 },
  candle: many,
};

/** Fills the shelves of a world that has never been filled. @throws AnabranchError as {@link RegionClient.transact}. */
export async function stockShelves(world: World): Promise<void> {
  await Promise.all(world.regions.map(({ name, client }) => client.transact(delivery(name), { idempotencyKey: `shelves-1-${name}` })));
}

function delivery(region: RegionName): TransactionWrite[] {
  return Object.entries(deliveries).flatMap(([product, shares]) => {
    const ops = opsFor(shares, region);
    return ops.length === 0 ? [] : [{ document: `inventory/${product}`, ops }];
  });
}

function opsFor(shares: Shares, region: RegionName): TransactionWrite['ops'] {
  const units = shares[region];
  if (units > 0) return [{ op: 'increment', path: '/stock', by: units }];
  // What nobody has was there once: the last unit has been sold.
  const isSoldOut = Object.values(shares).every((share) => share === 0);
  if (!isSoldOut || region !== 'new-york') return [];
  return [
    { op: 'increment', path: '/stock', by: 1 },
    { op: 'decrement', path: '/stock', by: 1 },
    { op: 'increment', path: '/reserved', by: 1 },
  ];
}
