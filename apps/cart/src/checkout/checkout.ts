// From the wish to order to an answer.
//
//   idle --place--> placing --done--> placed
//                     |  \--refused: who could give the units gave no answer--> waiting --again, asksMax times--> placed, failed
//                     |                                                            \--the cart changes--> failed, or idle
//                     |  \--refused, unreachable--> failed: nothing was done, the cart is kept
//                     |          |<--the reason is gone, or there again--> open again; or idle, with nothing left to order
//                     \--no answer--> unknown --ask again, with the same key--> placing
//                                        \--the order is seen in the cart--> placed
//
// Invariant 1: while the outcome of an order is unknown no other one is placed: it would be a second one.
// Invariant 2: an order survives a reload, with its key, from before a region is asked until its outcome is known.
// Invariant 3: an order that waits is asked for again only while the cart is what was ordered, on whichever page the customer is.
// Invariant 4: an order is asked for again under its last key, so it is placed once, whatever becomes of an ask that got no answer: it
//              has had another key before only from a region that has done nothing.

import { AnabranchError, isAnabranchError, type SubmitOptions, type Submitted, type SubmittedWrite } from '@anabranch/client';
import { linesOf, quantityIn } from '../cart/cart-lines.ts';
import type { CartView } from '../sync/collections.ts';
import { checkoutPlan, isPlanOf } from './checkout-plan.ts';
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
  /** What is in the cart now. */
  readonly cart: () => CartView;
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

const cartChanged: RefusalText = {
  title: 'The order was not placed',
  reason: 'While it waited, the cart became another than the one you ordered.',
  advice: 'Nothing was ordered. Look through the cart, and place the order again.',
};

interface Ask {
  readonly orderId: string;
  readonly writes: readonly SubmittedWrite[];
  /** Once a region was asked. */
  readonly retryKey?: string;
}

export class Checkout {
  readonly #parts: CheckoutParts;
  readonly #listeners = new Set<() => void>();
  #state: CheckoutState;

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
    if (now.state === 'unknown' && cart.lines.includes(now.order.orderId)) {
      this.#parts.pending.settle(now.order.customer);
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
    let asked = await this.#ask(order);
    for (let asks = 1; asked.next.state === 'waiting' && asks < asksMax; asks += 1) {
      this.#move(asked.next);
      await this.#parts.pause(betweenAsksMs);
      const end = this.#endOf(asked.order);
      // Invariants 3 and 4
      asked = end === undefined ? await this.#ask(asked.order) : { order: asked.order, next: end };
    }
    const { order: last, next } = asked;
    if (next.state !== 'unknown' && last.retryKey !== undefined) this.#parts.pending.settle(this.#parts.customer);
    this.#move(next.state === 'waiting' ? { state: 'failed', why: next.why.inVain ?? next.why, isUnsent: false } : next);
  }

  /** What an order that waited has become without being asked for again; undefined while the cart is what was ordered. */
  #endOf({ orderId, writes }: Ask): CheckoutState | undefined {
    const cart = this.#parts.cart();
    if (cart.lines.includes(orderId)) return { state: 'placed', orderId, region: undefined };
    if (isPlanOf(writes, cart)) return undefined;
    return linesOf(cart).length > 0 ? { state: 'failed', why: cartChanged, isUnsent: false } : { state: 'idle' };
  }

  /** Asks a region for an order. @returns what that makes of the checkout, and the order with the key it was asked for under */
  async #ask(order: Ask): Promise<{ readonly order: Ask; readonly next: CheckoutState }> {
    const { customer, submit, pending, region } = this.#parts;
    const { orderId, writes } = order;
    const at = region();
    let { retryKey } = order;
    const onRetryKey = (key: string): void => {
      pending.keep({ customer, orderId, writes, retryKey: key });
      retryKey = key;
    };
    const options = { timeoutMs, onRetryKey, ...(retryKey !== undefined && { retryKey }) };
    const next = await submit(writes, options).then(
      (): CheckoutState => ({ state: 'placed', orderId, region: at }),
      (error: unknown): CheckoutState => {
        const known = isAnabranchError(error) ? error : new AnabranchError('internal_error', String(error));
        if (retryKey !== undefined && isUndecided(known)) return { state: 'unknown', order: { customer, orderId, writes, retryKey } };
        const why = this.#why(known, writes, at);
        return why.inVain !== undefined
          ? { state: 'waiting', why }
          : { state: 'failed', why, isUnsent: known.code === 'region_unreachable' };
      },
    );
    return { order: { orderId, writes, ...(retryKey !== undefined && { retryKey }) }, next };
  }

  #why(error: AnabranchError, writes: readonly SubmittedWrite[], region: string | undefined): RefusalText {
    if (error.code !== 'region_unreachable') return refusalText(error, writes, region);
    const reason = this.#parts.isOffline()
      ? 'The shop is switched offline. A cart can wait, an order needs a region.'
      : 'No region can be reached at the moment. A cart can wait, an order needs a region.';
    return { title: 'The order was not sent', reason, advice: 'Nothing was ordered, and your cart is kept on this device.' };
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
function isWanted({ shortage }: RefusalText, cart: Pick<CartView, 'items'>): boolean {
  return shortage === undefined ? linesOf(cart).length > 0 : quantityIn(cart, shortage.productId) >= shortage.needed;
}

/** Of what was asked under the key nobody knows what became of it. */
function isUndecided({ code }: AnabranchError): boolean {
  return code === 'outcome_unknown' || code === 'region_unreachable' || code === 'client_closed' || code === 'internal_error';
}
