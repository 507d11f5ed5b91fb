// What happened when edits of this device met edits of another region, in words: which is what a conflict looks like when
// nothing is lost. Made from the cart before and after the other's edits arrived, and from what this device did itself.
// Edits of one region that come one after the other are told as one: the notes that are shown are part of what is known.

import { productOf } from '../catalogue/products.ts';
import { deliveryOf } from '../pricing/delivery.ts';
import { cityOf } from '../sync/cities.ts';
import type { CartView } from '../sync/collections.ts';
import type { CartAction } from './cart-edits.ts';
import type { OwnDoings, OwnLine } from './own-edits.ts';

export interface ConflictNote {
  /** What it is about: `line tea`, `note`. A newer note about the same takes its place. */
  readonly topic: string;
  /** The line it is shown at. */
  readonly line?: string;
  /** How the text ends when it ends in a sum: shown in one piece. */
  readonly sum?: string;
  /** What one other region has added, as far as this note tells. */
  readonly theirs?: { readonly who: string; readonly added: number };
  readonly text: string;
  /** What brings back what was replaced, or sets right what is left. */
  readonly again?: { readonly label: string; readonly action: CartAction };
  /** It is there as long as what it tells of is, and cannot be dismissed. */
  readonly isLasting?: true;
}

export interface ReceivedChange {
  /** Where it was written; undefined when several edits came together. */
  readonly region: string | undefined;
  readonly previous: CartView;
  readonly value: CartView;
}

/** @param shown the notes so far */
export function conflictsIn(change: ReceivedChange, own: OwnDoings, shown: readonly ConflictNote[] = []): ConflictNote[] {
  const who = change.region === undefined ? 'Another region' : cityOf(change.region);
  const ids = new Set([...Object.keys(change.previous.items), ...Object.keys(change.value.items)]);
  const orders = newOrders(change);
  const others = orders.filter((id) => !own.orders.has(id));
  const order = others.length > 0 ? 'of another' : orders.length > 0 ? 'own' : 'none';
  return [
    ...orderNotes(change, others),
    ...[...ids].flatMap((id) => lineNotes(change, own, { id, who, shown, order })),
    ...deliveryNotes(change, own, who),
    ...giftNotes(change, own, who),
    ...couponNotes(change, own, who),
    ...textNotes(change, own, { who, order }),
  ];
}

/** The orders that came with a change, newest first. */
export function newOrders({ previous, value }: Pick<ReceivedChange, 'previous' | 'value'>): readonly string[] {
  return value.lines.filter((id) => !previous.lines.includes(id));
}

/** The notes that are still about something once an order took along what the cart held. */
export function notesAfterOrder(notes: readonly ConflictNote[]): ConflictNote[] {
  return notes.filter(({ topic }) => topic === 'delivery' || topic === 'refused' || topic === 'order');
}

/** What two places took out, or ordered, at once: the cart shows none of it, and the document holds less. */
export function lessThanNothingIn({ items }: Pick<CartView, 'items'>): ConflictNote[] {
  return Object.entries(items)
    .filter(([, { qty }]) => qty < 0)
    .map(([id, { qty }]) => ({
      topic: `less ${id}`,
      text: `${-qty} × ${productOf(id)?.name ?? id} more left this cart than were in it: taken out, or ordered, in two places at once.`,
      again: { label: 'Set it to none', action: { type: 'remove', id } },
      isLasting: true,
    }));
}

/** The topic that is settled when this device does something about it itself. Who writes a text goes on writing. */
export function answeredBy(action: CartAction): string | undefined {
  switch (action.type) {
    case 'add':
      return `line ${action.product.id}`;
    case 'change':
    case 'remove':
      return `line ${action.id}`;
    case 'add-coupon':
    case 'remove-coupon':
      return `coupon ${action.code}`;
    case 'gift':
      return 'gift';
    case 'deliver':
      return 'delivery';
    case 'note':
      return undefined;
  }
}

function orderNotes({ region, previous, value }: ReceivedChange, orders: readonly string[]): ConflictNote[] {
  // A cart that was sent whole tells of orders that may be old.
  if (orders.length === 0 || region === undefined) return [];
  const what = orders.length === 1 ? 'An order was' : `${orders.length} orders were`;
  const placed = `${what} placed in ${cityOf(region)}`;
  const isTwice = Object.entries(value.items).some(([id, { qty }]) => qty < Math.min(0, previous.items[id]?.qty ?? 0));
  const rest = isTwice ? 'it holds units that had left the cart before. Look at your orders.' : 'what it held has left the cart.';
  return [{ topic: 'order', text: `${placed}: ${rest}` }];
}

interface LineContext {
  readonly id: string;
  readonly who: string;
  readonly shown: readonly ConflictNote[];
  /** Whose order came with the change. */
  readonly order: 'none' | 'own' | 'of another';
}

function lineNotes(change: ReceivedChange, own: OwnDoings, context: LineContext): ConflictNote[] {
  const { previous, value } = change;
  const { id, who, shown, order } = context;
  const [before, after] = [previous.items[id]?.qty ?? 0, value.items[id]?.qty ?? 0];
  const line = own.line(id);
  if (line === undefined || after === before || after < 0) return [];
  const topic = `line ${id}`;
  if (order !== 'none' && after < before) {
    // What an order took whole is told once, for all lines.
    if (after === 0 || order === 'own') return [];
    return [{ topic, line: id, text: `${who} ordered what it had seen of this: ${after} ${after === 1 ? 'stays' : 'stay'}.` }];
  }
  const told = shown.find((note) => note.topic === topic)?.theirs;
  const theirs = { who, added: after - before + (told?.who === who ? told.added : 0) };
  const stays = `${after} ${after === 1 ? 'stays' : 'stay'}.`;
  if (line.isRemoved) {
    return after === 0 ? [] : [{ topic, line: id, theirs, text: `${who} added ${theirs.added} while you removed it: ${stays}` }];
  }
  if (isRemovalBy(change, id, line)) {
    return [{ topic, line: id, text: `${who} removed the ${before - after} it had seen: your ${stays}` }];
  }
  if (line.added === 0) return [];
  const rest = after - line.added - theirs.added;
  // Then what this device did is not all in the line any more, and no sum is made of it.
  if (rest < 0) return [{ topic, line: id, text: `${who} also changed this: now ${after}.` }];
  const sum = `${sumText([rest, line.added, theirs.added])} = ${after}`;
  return [{ topic, line: id, theirs, text: `${who} also changed this: ${sum}`, sum }];
}

/** Whether the other has removed the line, and what is left is of this device. */
function isRemovalBy({ previous, value }: ReceivedChange, id: string, line: OwnLine): boolean {
  const [before, after] = [previous.items[id], value.items[id]];
  if (before === undefined || after === undefined || after.qty <= 0 || after.qty >= before.qty) return false;
  // Removing takes the name along, but for one that was written at the same time.
  return after.qty === line.added || (before.name !== null && after.name === null);
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

function textNotes(
  { previous, value }: ReceivedChange,
  own: OwnDoings,
  { who, order }: Pick<LineContext, 'who' | 'order'>,
): ConflictNote[] {
  const mine = own.last('note');
  if (mine === undefined || value.note === previous.note) return [];
  // A note that went with an order is told with it.
  if (order === 'own' || (order === 'of another' && value.note === '')) return [];
  return [{ topic: 'note', text: textOfNote(previous.note, value.note, { who, order }) }];
}

function textOfNote(before: string, after: string, { who, order }: Pick<LineContext, 'who' | 'order'>): string {
  if (order !== 'none') return `${who} ordered with the gift note it had seen: what it had not seen stays here.`;
  if (after === '') return `${who} deleted the gift note.`;
  if (before === '') return `${who} wrote in the gift note while you emptied it: that stays.`;
  if (isWithin(before, after)) return `${who} wrote in the gift note too: both texts are kept.`;
  if (isWithin(after, before)) return `${who} took out a part of the gift note.`;
  return `${who} also changed the gift note: a part was taken out, another one written.`;
}

/** Whether a text has all characters of another one, in their order. */
function isWithin(part: string, whole: string): boolean {
  let at = 0;
  for (const character of part) {
    const found = whole.indexOf(character, at);
    if (found < 0) return false;
    at = found + character.length;
  }
  return true;
}

/** `2 + 3`, `4 + 1 − 2`; a first 0 is left out. */
function sumText([first, ...others]: readonly number[]): string {
  return (first === 0 ? others : [first ?? 0, ...others])
    .map((term, at) => (at === 0 ? String(term) : `${term < 0 ? '−' : '+'} ${Math.abs(term)}`))
    .join(' ');
}
