// What happened when edits of this device met edits of another region, in words: which is what a conflict looks like when
// nothing is lost. Made from the cart before and after the other's edits arrived, and from what this device did itself.

import { deliveryOf } from '../pricing/delivery.ts';
import { cityOf } from '../sync/cities.ts';
import type { CartView } from '../sync/collections.ts';
import type { CartAction } from './cart-edits.ts';
import type { OwnDoings } from './own-edits.ts';

export interface ConflictNote {
  /** What it is about: `line tea`, `note`. A newer note about the same takes its place. */
  readonly topic: string;
  /** The line it is shown at. */
  readonly line?: string;
  readonly text: string;
  /** What brings back what was replaced. */
  readonly again?: { readonly label: string; readonly action: CartAction };
}

export interface ReceivedChange {
  /** Where it was written; undefined when several edits came together. */
  readonly region: string | undefined;
  readonly previous: CartView;
  readonly value: CartView;
}

export function conflictsIn(change: ReceivedChange, own: OwnDoings): ConflictNote[] {
  const who = change.region === undefined ? 'Another region' : cityOf(change.region);
  const ids = new Set([...Object.keys(change.previous.items), ...Object.keys(change.value.items)]);
  return [
    ...orderNotes(change, who),
    ...[...ids].flatMap((id) => lineNotes(change, own, { id, who })),
    ...deliveryNotes(change, own, who),
    ...giftNotes(change, own, who),
    ...couponNotes(change, own, who),
    ...textNotes(change, own, who),
  ];
}

function orderNotes({ previous, value }: ReceivedChange, who: string): ConflictNote[] {
  if (value.lines.length <= previous.lines.length) return [];
  return [{ topic: 'order', text: `An order was placed in ${who}: what it held has left the cart.` }];
}

function lineNotes({ previous, value }: ReceivedChange, own: OwnDoings, { id, who }: { id: string; who: string }): ConflictNote[] {
  const [before, after] = [previous.items[id]?.qty ?? 0, value.items[id]?.qty ?? 0];
  const [line, theirs] = [own.line(id), after - before];
  if (line === undefined || theirs === 0) return [];
  const topic = `line ${id}`;
  if (line.isRemoved) {
    if (after <= 0) return [];
    return [{ topic, line: id, text: `${who} added ${theirs} while you removed it: ${after} ${after === 1 ? 'stays' : 'stay'}.` }];
  }
  const rest = before - line.added;
  if (theirs < 0 && after > 0 && after === line.added) {
    return [{ topic, line: id, text: `${who} removed the ${-theirs} it had seen: your ${after} ${after === 1 ? 'stays' : 'stay'}.` }];
  }
  if (line.added === 0 || after < 0) return [];
  const terms = [...(rest === 0 ? [] : [rest]), line.added, theirs];
  return [{ topic, line: id, text: `${who} also changed this: ${sumText(terms)} = ${after}` }];
}

function deliveryNotes({ previous, value }: ReceivedChange, own: OwnDoings, who: string): ConflictNote[] {
  const mine = own.last('deliver');
  if (mine === undefined || previous.status !== mine.by || value.status === mine.by) return [];
  const [theirs, ours] = [deliveryOf(value.status).label, deliveryOf(mine.by).label];
  return [
    {
      topic: 'delivery',
      text: `${who} chose ${theirs} later: it replaced your ${ours}.`,
      again: { label: `Use ${ours}`, action: mine },
    },
  ];
}

function giftNotes({ previous, value }: ReceivedChange, own: OwnDoings, who: string): ConflictNote[] {
  if (previous.gift || !value.gift || own.last('gift')?.isGift !== false) return [];
  return [{ topic: 'gift', text: `${who} asked for gift wrapping while you took it off: it stays.` }];
}

function couponNotes({ previous, value }: ReceivedChange, own: OwnDoings, who: string): ConflictNote[] {
  const back = value.coupons.filter((code) => !previous.coupons.includes(code) && own.removedCoupons.has(code));
  return back.map((code) => ({ topic: `coupon ${code}`, text: `${who} added ${code} while you removed it: it stays.` }));
}

function textNotes({ previous, value }: ReceivedChange, own: OwnDoings, who: string): ConflictNote[] {
  if (own.last('note') === undefined || value.note === previous.note || value.note === '') return [];
  return [{ topic: 'note', text: `${who} wrote in the gift note too: both texts are kept.` }];
}

/** `2 + 3`, `4 + 1 − 2`. */
function sumText(terms: readonly number[]): string {
  return terms.map((term, at) => (at === 0 ? String(term) : `${term < 0 ? '−' : '+'} ${Math.abs(term)}`)).join(' ');
}
