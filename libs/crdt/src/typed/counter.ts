// A counter that survives removal below a key exactly: increments add up, and a remove takes away what it saw and no more.
//
//   contribution   writer, dot           -> n total          n = how often the writer incremented this contribution
//   cancellation   writer, dot, remover  -> n total          as the remover saw it
//
// The cancellation in force is the one with the greatest n: it saw all that the others saw. The value is the sum of
// `total - cancelled total` over the contributions. `total` may fall (negative increments), so n and not total orders.
//
// Invariant 1: only the writer sets its contribution, only the remover its cancellation; anybody may delete.
// Invariant 2: a contribution is deleted by its writer only, when it is fully cancelled or the writer itself removes it,
//              and its dot is never used again: so nothing cancelled comes back.
// Invariant 3: leftovers are cancellations of a contribution that is gone, and cancellations that another of greater
//              (n, remover) covers. A total order decides: the greatest ever written is never deleted while needed.
//
// Totals are kept within the safe integers by refusing the increment; concurrent increments may still sum beyond, then
// the view shows the nearest safe integer, and the exact sum again once it is back in range.

import { compareStrings, type JsonValue } from '@anabranch/base';
import { escapePart, splitParts } from '../path.ts';
import type { Edit } from './edit.ts';
import { Leaf, type Place } from './field-node.ts';

interface Tally {
  readonly n: number;
  readonly total: number;
}

interface Contribution {
  readonly writer: string;
  readonly name: string;
  own: Tally | undefined;
  readonly cancellations: Map<string, Tally>;
}

export class Counter extends Leaf {
  readonly #texts = new Map<string, string>();
  /** By entry name of the contribution. */
  readonly #contributions = new Map<string, Contribution>();
  readonly #hasLeftovers: (counter: Counter) => void;
  #sum = 0n;
  #liveCount = 0;

  constructor(place: Place, hasLeftovers: (counter: Counter) => void) {
    super(place);
    this.#hasLeftovers = hasLeftovers;
  }

  get isLive(): boolean {
    return this.#liveCount > 0;
  }

  get isVacant(): boolean {
    return this.#texts.size === 0;
  }

  get(name: string): string | undefined {
    return this.#texts.get(name);
  }

  increment(edit: Edit, by: number): void {
    const own = this.#ownContribution(edit);
    const total = (own?.own?.total ?? 0) + by;
    if (!Number.isSafeInteger(total) || !isSafe(this.#sum + BigInt(by))) {
      edit.reject('value_invalid', 'the counter would leave the range of safe integers');
    }
    const name = own?.name ?? `${escapePart(edit.writer)}/${edit.dot}`;
    edit.put(this, name, formatTally({ n: (own?.own?.n ?? 0) + 1, total }));
  }

  removeSeen(edit: Edit): void {
    for (const contribution of [...this.#contributions.values()]) {
      if (!isInForce(contribution)) continue;
      if (contribution.writer === edit.writer) this.#discard(edit, contribution);
      else this.#cancel(edit, contribution);
    }
  }

  override sweep(edit: Edit): void {
    for (const contribution of [...this.#contributions.values()]) {
      const isGone = contribution.own === undefined;
      const isOwnAndSpent = contribution.writer === edit.writer && !isInForce(contribution);
      if (isGone || isOwnAndSpent) this.#discard(edit, contribution);
      else this.#dropCovered(edit, contribution);
    }
  }

  protected computeView(): JsonValue {
    if (isSafe(this.#sum)) return Number(this.#sum);
    return this.#sum > 0n ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
  }

  protected store(name: string, text: string | undefined): void {
    if (text === undefined) this.#texts.delete(name);
    else this.#texts.set(name, text);
    const known = this.#contributions.get(name);
    if (known !== undefined) return this.#take(known, undefined, text);
    const [writer, dot, remover, ...rest] = splitParts(name) ?? [];
    if (writer === undefined || dot === undefined || rest.length > 0) return;
    this.#take(this.#contribution(writer, `${escapePart(writer)}/${escapePart(dot)}`), remover, text);
  }

  /** Takes the text of a contribution's own entry, or of its cancellation by `remover`. */
  #take(contribution: Contribution, remover: string | undefined, text: string | undefined): void {
    const tally = text === undefined ? undefined : parseTally(text);
    this.#account(contribution, -1n);
    if (remover === undefined) contribution.own = tally;
    else if (tally === undefined) contribution.cancellations.delete(remover);
    else contribution.cancellations.set(remover, tally);
    this.#account(contribution, 1n);
    this.#noteLeftovers(contribution);
  }

  #contribution(writer: string, name: string): Contribution {
    const known = this.#contributions.get(name);
    if (known !== undefined) return known;
    const fresh: Contribution = { writer, name, own: undefined, cancellations: new Map() };
    this.#contributions.set(name, fresh);
    return fresh;
  }

  #account(contribution: Contribution, sign: 1n | -1n): void {
    if (contribution.own === undefined || !isInForce(contribution)) return;
    const cancelled = greatest(contribution)?.[1].total ?? 0;
    this.#sum += sign * (BigInt(contribution.own.total) - BigInt(cancelled));
    this.#liveCount += Number(sign);
  }

  #noteLeftovers(contribution: Contribution): void {
    if (contribution.own === undefined && contribution.cancellations.size === 0) {
      this.#contributions.delete(contribution.name);
    } else if (contribution.own === undefined || !isInForce(contribution) || contribution.cancellations.size > 1) {
      this.#hasLeftovers(this);
    }
  }

  /** The contribution the author goes on with, having deleted those of its own that are fully cancelled. */
  #ownContribution(edit: Edit): Contribution | undefined {
    let current: Contribution | undefined;
    for (const contribution of this.#contributions.values()) {
      if (contribution.writer !== edit.writer || contribution.own === undefined) continue;
      if (isInForce(contribution)) current = contribution;
      else this.#discard(edit, contribution);
    }
    return current;
  }

  #cancel(edit: Edit, contribution: Contribution): void {
    if (contribution.own === undefined) return;
    edit.put(this, `${contribution.name}/${escapePart(edit.writer)}`, formatTally(contribution.own));
    this.#dropCovered(edit, contribution);
  }

  #dropCovered(edit: Edit, contribution: Contribution): void {
    const kept = greatest(contribution)?.[0];
    for (const remover of [...contribution.cancellations.keys()]) {
      if (remover !== kept) edit.put(this, `${contribution.name}/${escapePart(remover)}`, undefined);
    }
  }

  #discard(edit: Edit, contribution: Contribution): void {
    if (contribution.own !== undefined) edit.put(this, contribution.name, undefined);
    for (const remover of [...contribution.cancellations.keys()]) {
      edit.put(this, `${contribution.name}/${escapePart(remover)}`, undefined);
    }
  }
}

function isInForce(contribution: Contribution): boolean {
  return contribution.own !== undefined && contribution.own.n > (greatest(contribution)?.[1].n ?? 0);
}

/** The cancellation in force: greatest n, the remover's name breaking ties. */
function greatest(contribution: Contribution): [remover: string, tally: Tally] | undefined {
  if (contribution.cancellations.size === 0) return undefined;
  let best: [string, Tally] | undefined;
  for (const [remover, tally] of contribution.cancellations) {
    if (best === undefined || tally.n > best[1].n || (tally.n === best[1].n && compareStrings(remover, best[0]) > 0)) {
      best = [remover, tally];
    }
  }
  return best;
}

function isSafe(sum: bigint): boolean {
  return sum >= BigInt(Number.MIN_SAFE_INTEGER) && sum <= BigInt(Number.MAX_SAFE_INTEGER);
}

function formatTally(tally: Tally): string {
  return `${tally.n} ${tally.total}`;
}

function parseTally(text: string): Tally | undefined {
  const match = /^([1-9]\d{0,15}) (0|-?[1-9]\d{0,15})$/.exec(text);
  if (match === null) return undefined;
  const tally = { n: Number(match[1]), total: Number(match[2]) };
  return Number.isSafeInteger(tally.n) && Number.isSafeInteger(tally.total) ? tally : undefined;
}
