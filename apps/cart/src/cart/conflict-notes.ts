// What happened when edits of this device met edits of another region, in words: which is what a conflict looks like when
// nothing is lost. Made from the cart before and after the other's edits arrived, and from what this device did itself.
// Edits of one region that come one after the other are told as one: the notes that are shown are part of what is known.

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
  /** What brings back what was replaced. */
  readonly again?: { readonly label: string; readonly action: CartAction };
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
  return [
    ...orderNotes(change, own),
    ...[...ids].flatMap((id) => lineNotes(change, own, { id, who, shown })),
    ...deliveryNotes(change, own, who),
    ...giftNotes(change, own, who),
    ...couponNotes(change, own, who),
    ...textNotes(change, own, who),
  ];
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

function orderNotes({ region, previous, value }: ReceivedChange, own: OwnDoings): ConflictNote[] {
  const isNew = value.lines.some((id) => !previous.lines.includes(id) && !own.orders.has(id));
  // A cart that was sent whole tells of orders that may be old.
  if (!isNew || region === undefined) return [];
  return [{ topic: 'order', text: `An order was placed in ${cityOf(region)}: what it held has left the cart.` }];
}

interface LineContext {
  readonly id: string;
  readonly who: string;
  readonly shown: readonly ConflictNote[];
}

function lineNotes(change: ReceivedChange, own: OwnDoings, context: LineContext): ConflictNote[] {
  const { previous, value } = change;
  const { id, who, shown } = context;
  const [before, after] = [previous.items[id]?.qty ?? 0, value.items[id]?.qty ?? 0];
  const line = own.line(id);
  if (line === undefined || after === before || after < 0) return [];
  // What an order took out is told once, for all lines.
  if (after === 0 && value.lines.length > previous.lines.length) return [];
  const topic = `line ${id}`;
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
  const sum = `${sumText([after - line.added - theirs.added, line.added, theirs.added])} = ${after}`;
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

function textNotes({ previous, value }: ReceivedChange, own: OwnDoings, who: string): ConflictNote[] {
  if (own.last('note') === undefined || value.note === previous.note || value.note === '') return [];
  return [{ topic: 'note', text: `${who} wrote in the gift note too: both texts are kept.` }];
}

/** `2 + 3`, `4 + 1 − 2`; a first 0 is left out. */
function sumText([first, ...others]: readonly number[]): string {
  return (first === 0 ? others : [first ?? 0, ...others])
    .map((term, at) => (at === 0 ? String(term) : `${term < 0 ? '−' : '+'} ${Math.abs(term)}`))
    .join(' ');
}
