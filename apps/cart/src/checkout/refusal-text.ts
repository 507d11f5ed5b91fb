// Why an order was not placed, for whoever wanted to buy. A region sells within its own rights; when they do not cover an order
// and those who hold more cannot be asked, it says who holds what.

import type { AnabranchError, SubmittedWrite } from '@anabranch/client';
import { productOf } from '../catalogue/products.ts';
import { citiesOf, cityOf } from '../sync/cities.ts';
import { productIdOf } from './checkout-plan.ts';

export interface RefusalText {
  readonly title: string;
  readonly reason: string;
  readonly advice: string;
}

interface Holder {
  readonly region: string;
  readonly rights: number;
  readonly isReachable: boolean;
}

export function refusalText(error: AnabranchError, writes: readonly SubmittedWrite[], region: string | undefined): RefusalText {
  if (error.code === 'insufficient_rights') return rightsText(error.details, writes, region);
  return { title: 'The order was refused', reason: error.message, advice: 'Your cart is as it was.' };
}

function rightsText(details: AnabranchError['details'], writes: readonly SubmittedWrite[], region: string | undefined): RefusalText {
  const id = productIdOf(writes[numberIn(details, 'writeIndex')]) ?? '';
  const name = productOf(id)?.name ?? id;
  const [needed, held, total] = [numberIn(details, 'needed'), numberIn(details, 'held'), numberIn(details, 'total')];
  const holders = holdersIn(details['holders']).filter(({ rights }) => rights > 0);
  const here = region === undefined ? 'here' : `here in ${cityOf(region)}`;
  if (total <= 0)
    return { title: `${name} is sold out`, reason: 'The last one was sold.', advice: 'Take it out of the cart to order the rest.' };
  if (total < needed) {
    const left = `You want ${needed}, and there ${total === 1 ? 'is' : 'are'} ${total} left in all regions together.`;
    return { title: `Not enough left of ${name}`, reason: left, advice: `Lower the quantity to ${total} or less, and order again.` };
  }
  const shares = holders.map(({ region: holder, rights }) => `${cityOf(holder)} holds ${rights} of the last units`);
  const away = holders.filter(({ isReachable }) => !isReachable).map((holder) => holder.region);
  return {
    title: `${name} cannot be sold ${here}`,
    reason: `${shares.join(', ')}; here ${held}. You want ${needed}.`,
    advice: away.length === 0 ? patientAdvice : awayAdvice(away),
  };
}

const patientAdvice = 'Nothing was sold twice, and your cart is kept. They have been asked for what is missing: order again in a moment.';

function awayAdvice(regions: readonly string[]): string {
  return `${citiesOf(regions)} cannot be asked at the moment. Nothing was sold twice, and your cart is kept: order again when the connection is back.`;
}

function numberIn(details: AnabranchError['details'], name: string): number {
  const value = details[name];
  return typeof value === 'number' ? value : 0;
}

/** Each region once, whatever epochs its rights are from, richest first. */
function holdersIn(value: unknown): Holder[] {
  const byRegion = new Map<string, Holder>();
  for (const entry of Array.isArray(value) ? value : []) {
    if (typeof entry !== 'object' || entry === null) continue;
    const { origin, rights, isReachable } = entry as Record<string, unknown>;
    if (typeof origin !== 'string' || typeof rights !== 'number') continue;
    const region = origin.replace(/\..*$/, '');
    const known = byRegion.get(region);
    byRegion.set(region, {
      region,
      rights: rights + (known?.rights ?? 0),
      isReachable: isReachable === true || known?.isReachable === true,
    });
  }
  return [...byRegion.values()].sort((x, y) => y.rights - x.rights);
}
