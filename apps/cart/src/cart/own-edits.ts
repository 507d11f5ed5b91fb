// What this device did lately, by what it touched: the half of a conflict that is known here. The other half arrives.
//
// Invariant 1: an edit counts while another region may have written without having seen it, and shortly after, as the news of
//              such a write can come later than the confirmation that everybody has ours.
// Invariant 2: what an order of this device took along counts no longer: it left the cart, and meets nobody there.

import type { Write } from '@anabranch/client';
import type { CartAction } from './cart-edits.ts';

/** How long after every region has it an edit still counts, in milliseconds. */
const echoMs = 3_000;
/** Edits that are remembered; the oldest are forgotten beyond that. */
const editsMax = 500;

interface OwnEdit {
  /** Its place in the order of edits. */
  readonly n: number;
  readonly action: CartAction;
  readonly write: Pick<Write, 'id' | 'state' | 'subscribe'>;
  everywhereAtMs: number | undefined;
}

/** What this device did to one line, since others may not know of it. */
export interface OwnLine {
  readonly added: number;
  /** The last thing it did was to remove it; what it added before is gone with it. */
  readonly isRemoved: boolean;
}

export interface OwnDoings {
  readonly line: (id: string) => OwnLine | undefined;
  readonly last: <Type extends CartAction['type']>(type: Type) => Extract<CartAction, { type: Type }> | undefined;
  readonly removedCoupons: ReadonlySet<string>;
  /** The orders that this device has placed, or tried to. */
  readonly orders: ReadonlySet<string>;
}

export class OwnEdits {
  readonly #nowMs: () => number;
  /** By id, the place of the last edit that was made before. */
  readonly #orders = new Map<string, number>();
  #edits: OwnEdit[] = [];
  #lastN = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(action: CartAction, write: OwnEdit['write']): void {
    this.#lastN += 1;
    const edit: OwnEdit = { n: this.#lastN, action, write, everywhereAtMs: undefined };
    const note = (): void => {
      if (write.state === 'all') edit.everywhereAtMs ??= this.#nowMs();
    };
    note();
    write.subscribe(note);
    this.#edits = [...this.#edits.filter((kept) => this.#counts(kept)), edit].slice(-editsMax);
  }

  has(writeId: string): boolean {
    return this.#edits.some(({ write }) => write.id === writeId);
  }

  addOrder(id: string): void {
    this.#orders.set(id, this.#lastN);
  }

  /** Orders that were placed: what those of this device took along is forgotten. */
  ordered(ids: readonly string[]): void {
    const places = ids.flatMap((id) => this.#orders.get(id) ?? []);
    const last = Math.max(0, ...places);
    this.#edits = this.#edits.filter(({ n, action }) => n > last || !isOrdered(action));
  }

  doings(): OwnDoings {
    const actions = this.#edits.filter((edit) => this.#counts(edit)).map(({ action }) => action);
    return {
      line: (id) => actions.reduce((line: OwnLine | undefined, action) => afterAction(line, action, id), undefined),
      last: <Type extends CartAction['type']>(type: Type) =>
        actions.findLast((action): action is Extract<CartAction, { type: Type }> => action.type === type),
      removedCoupons: removedCoupons(actions),
      orders: new Set(this.#orders.keys()),
    };
  }

  #counts({ write, everywhereAtMs }: OwnEdit): boolean {
    return write.state !== 'refused' && (everywhereAtMs === undefined || this.#nowMs() - everywhereAtMs < echoMs);
  }
}

/** Whether an order takes along what was done; how to deliver stays, and what was taken out was not in it. */
function isOrdered({ type }: CartAction): boolean {
  return type === 'add' || type === 'change' || type === 'note' || type === 'gift' || type === 'add-coupon';
}

function afterAction(line: OwnLine | undefined, action: CartAction, id: string): OwnLine | undefined {
  if (action.type === 'remove') return action.id === id ? { added: 0, isRemoved: true } : line;
  const isOfLine = (action.type === 'add' && action.product.id === id) || (action.type === 'change' && action.id === id);
  return isOfLine ? { added: (line?.added ?? 0) + action.by, isRemoved: false } : line;
}

function removedCoupons(actions: readonly CartAction[]): Set<string> {
  const codes = new Set<string>();
  for (const action of actions) {
    if (action.type === 'remove-coupon') codes.add(action.code);
    if (action.type === 'add-coupon') codes.delete(action.code);
  }
  return codes;
}
