// Why an order was not placed, for whoever wanted to buy. A region sells within its own rights; when they do not cover an order
// and those who hold more give none, it says who holds what. That a region cannot be heard is known some seconds after it is so:
// until then it was asked, and there is no answer.

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
  /** The missing units may come: regions that hold enough were heard lately, and are asked. What is to be said if none come. */
  readonly inVain?: RefusalText;
}

export interface Shortage {
  readonly productId: string;
  readonly needed: number;
  /** Regions that hold the missing units and could not be asked. */
  readonly away: readonly string[];
  /** Regions that were heard were asked again and again, and gave none. */
  readonly isInVain?: boolean;
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
  const others = holdersIn(details['holders']);
  // The region itself is named there with what it holds under earlier epochs.
  const frozen = unitsOf(region, others);
  const holders = others.filter((holder) => holder.region !== region);
  return shortageText({ productId, needed, held, frozen, total, holders }, region);
}

interface Rights {
  readonly productId: string;
  readonly needed: number;
  /** By the region itself. */
  readonly held: number;
  /** By the region itself from before a restart: not to be sold until its peers have confirmed its past. */
  readonly frozen: number;
  readonly total: number;
  /** The others. */
  readonly holders: readonly Holder[];
}

function shortageText({ productId, needed, held, frozen, total, ...rights }: Rights, region: string | undefined): RefusalText {
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
  if (frozen > 0 && region !== undefined) {
    shares.push(`${cityOf(region)} holds ${frozen} from before it was restarted, and may not sell them yet`);
  }
  const reason = `${shares.join(', ')}; here ${held}. You want ${needed}.`;
  if (!isInReach(needed, held, holders)) {
    const lacking = away.length > 0 ? `${citiesOf(away)} cannot be asked at the moment; when` : 'When';
    const advice = `${lacking} that changes, it is said here. ${untouched}`;
    return { title: `${name} cannot be sold ${here}`, reason, advice, shortage };
  }
  const heard = holders.filter(({ isReachable }) => isReachable).map((holder) => holder.region);
  const inVain: RefusalText = {
    title: `${name} could not be had`,
    reason,
    advice: `What is missing was asked for several times, and did not come. ${untouched}`,
    shortage: { ...shortage, isInVain: true },
  };
  const advice = `${citiesOf(heard)} ${heard.length === 1 ? 'was' : 'were'} asked for what is missing, and there is no answer yet. ${untouched}`;
  return { title: `Waiting for ${name}`, reason, advice, shortage, inVain };
}

const untouched = 'Nothing was ordered so far, and your cart is kept.';

/** Whether the regions that were heard lately hold enough, together with this one. */
function isInReach(needed: number, held: number, holders: readonly Holder[]): boolean {
  return holders.reduce((sum, { rights, isReachable }) => sum + (isReachable ? rights : 0), held) >= needed;
}

/**
 * What a shortage has become, by the answer of `GET .../rights` that a region gave later: undefined when there is none any more,
 * and the order may be placed again.
 */
export function shortageNow(shortage: Shortage, answer: unknown, region: string | undefined): RefusalText | undefined {
  const { productId, needed, isInVain = false } = shortage;
  const entries = rightsIn(answer);
  const all = holdersIn(entries);
  const frozen = unitsOf(region, holdersIn(entries.filter(({ isFrozen }) => isFrozen === true)));
  const held = unitsOf(region, all) - frozen;
  if (held >= needed) return undefined;
  const total = all.reduce((sum, { rights }) => sum + rights, 0);
  const holders = all.filter((holder) => holder.region !== region);
  const now = shortageText({ productId, needed, held, frozen, total, holders }, region);
  // Who was asked in vain a moment ago gives no reason to ask again.
  return now.inVain !== undefined && !isInVain ? undefined : (now.inVain ?? now);
}

/** The holders of rights to a stock, in the form of a refusal. */
function rightsIn(answer: unknown): Array<Record<'origin' | 'rights' | 'isReachable' | 'isFrozen', unknown>> {
  const counters = typeof answer === 'object' && answer !== null && 'counters' in answer ? answer.counters : undefined;
  const stock: unknown = Array.isArray(counters) ? counters.find((counter) => counter?.path === '/stock') : undefined;
  const holders = typeof stock === 'object' && stock !== null && 'holders' in stock ? stock.holders : undefined;
  if (!Array.isArray(holders)) return [];
  return holders.map(({ holder, down, isReachable, isFrozen }) => ({ origin: holder, rights: down, isReachable, isFrozen }));
}

function numberIn(details: AnabranchError['details'], name: string): number {
  const value = details[name];
  return typeof value === 'number' ? value : 0;
}

function unitsOf(region: string | undefined, holders: readonly Holder[]): number {
  return holders.find((holder) => holder.region === region)?.rights ?? 0;
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
