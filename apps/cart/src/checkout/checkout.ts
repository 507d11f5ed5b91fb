// From the wish to order to an answer.
//
//   idle --place--> placing --done--> placed
//                     |  \--refused: who could give the units gave no answer--> waiting --again, asksMax times--> placed, failed
//                     |  \--refused, unreachable--> failed: nothing was done, the cart is kept
//                     |          |<--the reason is gone, or there again--> open again; or idle, with nothing left to order
//                     \--no answer--> unknown --ask again, with the same key--> placing
//                                        \--the order is seen in the cart--> placed
//
// Invariant 1: while the outcome of an order is unknown no other one is placed: it would be a second one.
// Invariant 2: an order whose outcome is unknown survives a reload, with its key.
// Invariant 3: an order that waits is asked for again only while the cart still wants it. Each time it was refused before, so it
//              is placed once.

import { AnabranchError, isAnabranchError, type SubmitOptions, type Submitted, type SubmittedWrite } from '@anabranch/client';
import { linesOf, quantityIn } from '../cart/cart-lines.ts';
import type { CartView } from '../sync/collections.ts';
import { checkoutPlan } from './checkout-plan.ts';
import type { PendingOrder, PendingOrders } from './pending-order.ts';
import { type RefusalText, refusalText, type Shortage, shortageNow } from './refusal-text.ts';

export type CheckoutState =
  | { readonly state: 'idle' }
  | { readonly state: 'placing' }
  | { readonly state: 'waiting'; readonly why: RefusalText }
  | { readonly state: 'placed'; readonly orderId: string; readonly region: string | undefined }
  | { readonly state: 'failed'; readonly why: RefusalText; readonly isUnsent: boolean }
  | { readonly state: 'open-again'; readonly shortage: Shortage }
  | { readonly state: 'unknown'; readonly order: PendingOrder };

export interface CheckoutParts {
  readonly customer: string;
  readonly submit: (writes: readonly SubmittedWrite[], options: SubmitOptions) => Promise<Submitted>;
  /** Told of an order before it is sent. */
  readonly expect: (orderId: string) => void;
  /** Where the client is. */
  readonly region: () => string | undefined;
  readonly isOffline: () => boolean;
  /** Who holds rights to the stock of a product now, as the region of the client answers it. */
  readonly rights: (productId: string) => Promise<unknown>;
  readonly pending: PendingOrders;
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
  /** A few random characters. */
  readonly draw: () => string;
}

const timeoutMs = 8_000;
/** An order is asked for so many times while the missing units may come. A region waits for them itself, two seconds each time. */
const asksMax = 5;
const betweenAsksMs = 500;

interface Ask {
  readonly orderId: string;
  readonly writes: readonly SubmittedWrite[];
  /** Of an order that got no answer. */
  readonly retryKey?: string;
}

export class Checkout {
  readonly #parts: CheckoutParts;
  readonly #listeners = new Set<() => void>();
  #state: CheckoutState;
  /** As it was shown last. */
  #cart: Pick<CartView, 'items'> | undefined;

  constructor(parts: CheckoutParts) {
    this.#parts = parts;
    const order = parts.pending.read(parts.customer);
    this.#state = order === undefined ? { state: 'idle' } : { state: 'unknown', order };
    if (order !== undefined) parts.expect(order.orderId);
  }

  get state(): CheckoutState {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async place(cart: CartView): Promise<void> {
    if (isBusy(this.#state)) return;
    this.#cart = cart;
    const { customer, nowMs, draw, region } = this.#parts;
    const placedAt = new Date(nowMs()).toISOString();
    const orderId = `${customer}-${placedAt.slice(0, 19).replace(/[-:]/g, '').toLowerCase()}-${draw()}`;
    this.#parts.expect(orderId);
    const writes = checkoutPlan(cart, { customer, orderId, placedAt, region: region() });
    await this.#submit({ orderId, writes });
  }

  async askAgain(): Promise<void> {
    if (this.#state.state === 'unknown') await this.#submit(this.#state.order);
  }

  /** The cart shows which orders there are, and whether what was refused is still wanted. */
  see(cart: Pick<CartView, 'items' | 'lines'>): void {
    const now = this.#state;
    this.#cart = cart;
    if (now.state === 'unknown' && cart.lines.includes(now.order.orderId)) {
      this.#settle(now.order);
      this.#move({ state: 'placed', orderId: now.order.orderId, region: undefined });
    }
    if (now.state === 'failed' && !isWanted(now.why, cart)) this.#move({ state: 'idle' });
    if (now.state === 'open-again' && quantityIn(cart, now.shortage.productId) === 0) this.#move({ state: 'idle' });
  }

  /** A region is there: what was not sent can be. */
  connected(): void {
    if (this.#state.state === 'failed' && this.#state.isUnsent) this.#move({ state: 'idle' });
  }

  /** Looks whether an order that was refused for want of rights would still be. That may change more than once. */
  async lookAgain(): Promise<void> {
    const asked = this.#state;
    const shortage = shortageOf(asked);
    if (shortage === undefined) return;
    const answer = await this.#parts.rights(shortage.productId);
    if (this.#state !== asked) return;
    const why = shortageNow(shortage, answer, this.#parts.region());
    if (why === undefined) {
      if (asked.state !== 'open-again') this.#move({ state: 'open-again', shortage });
      return;
    }
    const isSaid = asked.state === 'failed' && why.reason === asked.why.reason && why.advice === asked.why.advice;
    if (!isSaid) this.#move({ state: 'failed', why, isUnsent: false });
  }

  dismiss(): void {
    const { state } = this.#state;
    if (state === 'placed' || state === 'failed' || state === 'open-again') this.#move({ state: 'idle' });
  }

  async #submit(order: Ask): Promise<void> {
    this.#move({ state: 'placing' });
    let next = await this.#ask(order);
    for (let asks = 1; next.state === 'waiting' && asks < asksMax; asks += 1) {
      this.#move(next);
      await this.#parts.pause(betweenAsksMs);
      // Invariant 3
      next = isWanted(next.why, this.#cart) ? await this.#ask({ orderId: order.orderId, writes: order.writes }) : { state: 'idle' };
    }
    this.#move(next.state === 'waiting' ? { state: 'failed', why: next.why.inVain ?? next.why, isUnsent: false } : next);
  }

  /** Asks a region for an order. @returns what that makes of the checkout */
  async #ask({ orderId, writes, retryKey }: Ask): Promise<CheckoutState> {
    const { customer, submit, pending, region } = this.#parts;
    const asked = region();
    try {
      await submit(writes, { timeoutMs, ...(retryKey !== undefined && { retryKey }) });
      if (retryKey !== undefined) this.#settle({ customer, orderId, writes, retryKey });
      return { state: 'placed', orderId, region: asked };
    } catch (error) {
      const known = isAnabranchError(error) ? error : new AnabranchError('internal_error', String(error));
      const key = known.code === 'outcome_unknown' ? known.details['retryKey'] : isUndecided(known) ? retryKey : undefined;
      if (typeof key === 'string') {
        const order = { customer, orderId, writes, retryKey: key };
        pending.keep(order);
        return { state: 'unknown', order };
      }
      if (retryKey !== undefined) this.#settle({ customer, orderId, writes, retryKey });
      const why = this.#why(known, writes, asked);
      return why.inVain !== undefined ? { state: 'waiting', why } : { state: 'failed', why, isUnsent: known.code === 'region_unreachable' };
    }
  }

  #why(error: AnabranchError, writes: readonly SubmittedWrite[], region: string | undefined): RefusalText {
    if (error.code !== 'region_unreachable') return refusalText(error, writes, region);
    const reason = this.#parts.isOffline()
      ? 'The shop is switched offline. A cart can wait, an order needs a region.'
      : 'No region can be reached at the moment. A cart can wait, an order needs a region.';
    return { title: 'The order was not sent', reason, advice: 'Nothing was ordered, and your cart is kept on this device.' };
  }

  #settle(order: PendingOrder): void {
    this.#parts.pending.settle(order);
  }

  #move(state: CheckoutState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Whether an order is under way: no other is placed meanwhile. */
export function isBusy({ state }: CheckoutState): boolean {
  return state === 'placing' || state === 'waiting' || state === 'unknown';
}

/** What an order was refused for want of, as long as that is shown. */
export function shortageOf(state: CheckoutState): Shortage | undefined {
  if (state.state === 'open-again') return state.shortage;
  return state.state === 'failed' ? state.why.shortage : undefined;
}

/** Whether the cart still has what could not be ordered. */
function isWanted({ shortage }: RefusalText, cart: Pick<CartView, 'items'> | undefined): boolean {
  if (cart === undefined) return true;
  return shortage === undefined ? linesOf(cart).length > 0 : quantityIn(cart, shortage.productId) >= shortage.needed;
}

/** Asking again did not reach the region: of the first time nothing more is known than before. */
function isUndecided({ code }: AnabranchError): boolean {
  return code === 'region_unreachable' || code === 'client_closed' || code === 'internal_error';
}
