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
  /** What it lacked units of; undefined when it was refused for another reason. */
  readonly shortage?: Shortage;
}

export interface Shortage {
  readonly productId: string;
  readonly needed: number;
  /** Regions that hold the missing units and could not be asked. */
  readonly away: readonly string[];
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
  const productId = productIdOf(writes[numberIn(details, 'writeIndex')]) ?? '';
  const [needed, held, total] = [numberIn(details, 'needed'), numberIn(details, 'held'), numberIn(details, 'total')];
  return shortageText({ productId, needed, held, total, holders: holdersIn(details['holders']) }, region);
}

interface Rights {
  readonly productId: string;
  readonly needed: number;
  /** By the region itself. */
  readonly held: number;
  readonly total: number;
  /** The others. */
  readonly holders: readonly Holder[];
}

function shortageText({ productId, needed, held, total, ...rights }: Rights, region: string | undefined): RefusalText {
  const name = productOf(productId)?.name ?? productId;
  const holders = rights.holders.filter((holder) => holder.rights > 0);
  const away = holders.filter(({ isReachable }) => !isReachable).map((holder) => holder.region);
  const shortage = { productId, needed, away };
  const here = region === undefined ? 'here' : `here in ${cityOf(region)}`;
  if (total <= 0) {
    const advice = 'Take it out of the cart to order the rest.';
    return { title: `${name} is sold out`, reason: 'The last one was sold.', advice, shortage };
  }
  if (total < needed) {
    const left = `You want ${needed}, and there ${total === 1 ? 'is' : 'are'} ${total} left in all regions together.`;
    const advice = `Lower the quantity to ${total} or less, and order again.`;
    return { title: `Not enough left of ${name}`, reason: left, advice, shortage };
  }
  const shares = holders.map(({ region: holder, rights: units }) => `${cityOf(holder)} holds ${units} of the last units`);
  return {
    title: `${name} cannot be sold ${here}`,
    reason: `${shares.join(', ')}; here ${held}. You want ${needed}.`,
    advice: away.length === 0 ? patientAdvice : awayAdvice(away),
    shortage,
  };
}

/**
 * What a shortage has become, by the answer of `GET .../rights` that a region gave later: undefined when there is none any more,
 * and the order may be placed again.
 */
export function shortageNow({ productId, needed }: Shortage, answer: unknown, region: string | undefined): RefusalText | undefined {
  const all = holdersIn(rightsIn(answer));
  const held = all.find((holder) => holder.region === region)?.rights ?? 0;
  const total = all.reduce((sum, { rights }) => sum + rights, 0);
  const holders = all.filter((holder) => holder.region !== region);
  const isCovered = total >= needed && holders.every(({ rights, isReachable }) => rights <= 0 || isReachable);
  return isCovered || held >= needed ? undefined : shortageText({ productId, needed, held, total, holders }, region);
}

/** The holders of rights to a stock, in the form of a refusal. */
function rightsIn(answer: unknown): unknown {
  const counters = typeof answer === 'object' && answer !== null && 'counters' in answer ? answer.counters : undefined;
  const stock: unknown = Array.isArray(counters) ? counters.find((counter) => counter?.path === '/stock') : undefined;
  const holders = typeof stock === 'object' && stock !== null && 'holders' in stock ? stock.holders : undefined;
  if (!Array.isArray(holders)) return [];
  return holders.map(({ holder, down, isReachable }) => ({ origin: holder, rights: down, isReachable }));
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
