// A list whose items have ids and fractional positions, so moving never copies.
//
//   item   itemId          -> position, value    set once by its inserter, never again: so a remove always wins
//   move   itemId, mover   -> hlc, position      a register under the mover's key; the latest by (HLC, mover) places it
//
// Items are ordered by (position, itemId). Moves of an item that is gone are leftovers anybody may delete. Runs that two
// replicas insert at one place at the same time may interleave; every item is kept, in one order everywhere.

import { assert, compareStrings, type JsonValue } from '@anabranch/base';
import { parseHlc } from '@anabranch/causality';
import { readStoredJson } from '../bounded-json.ts';
import { escapePart, splitParts } from '../path.ts';
import type { Edit } from './edit.ts';
import { Leaf, type Place } from './field-node.ts';
import { isItemId, isPosition, orderKey, positionBetween } from './fractional-position.ts';

interface Item {
  readonly id: string;
  inserted: { readonly position: string; readonly value: JsonValue } | undefined;
  readonly moves: Map<string, { readonly hlc: string; readonly position: string }>;
  /** Where the item stands in the order; undefined while it is not shown. */
  key: string | undefined;
}

const hlcLength = 16;

export class List extends Leaf {
  readonly #texts = new Map<string, string>();
  readonly #items = new Map<string, Item>();
  /** The shown items by order key. */
  readonly #order: Item[] = [];
  readonly #hasLeftovers: (list: List) => void;

  constructor(place: Place, hasLeftovers: (list: List) => void) {
    super(place);
    this.#hasLeftovers = hasLeftovers;
  }

  get length(): number {
    return this.#order.length;
  }

  get isLive(): boolean {
    return this.#order.length > 0;
  }

  get isVacant(): boolean {
    return this.#texts.size === 0;
  }

  get(name: string): string | undefined {
    return this.#texts.get(name);
  }

  insert(edit: Edit, index: number, valueText: string): void {
    const position = positionBetween(this.#order[index - 1]?.key, this.#order[index]?.key);
    edit.put(this, escapePart(edit.issueItemId()), `${position}\t${valueText}`);
  }

  /** `to` counts without the moved item. */
  move(edit: Edit, from: number, to: number): void {
    const item = this.#order[from];
    assert(item !== undefined, 'the index of a move was checked before');
    if (from === to) return;
    const at = to < from ? to : to + 1;
    const position = positionBetween(this.#order[at - 1]?.key, this.#order[at]?.key);
    for (const mover of [...item.moves.keys()]) if (mover !== edit.writer) edit.put(this, moveName(item.id, mover), undefined);
    edit.put(this, moveName(item.id, edit.writer), `${edit.hlc} ${position}`);
  }

  remove(edit: Edit, index: number): void {
    const item = this.#order[index];
    assert(item !== undefined, 'the index of a remove was checked before');
    this.#removeItem(edit, item);
  }

  /** A move of an item that is not here may wait for it: such leftovers are for {@link sweep}. */
  removeSeen(edit: Edit): void {
    for (const item of [...this.#items.values()]) if (item.inserted !== undefined) this.#removeItem(edit, item);
  }

  override sweep(edit: Edit): void {
    for (const item of [...this.#items.values()]) if (item.inserted === undefined) this.#removeItem(edit, item);
  }

  protected computeView(): JsonValue {
    return this.#order.map((item) => item.inserted?.value ?? null);
  }

  protected store(name: string, text: string | undefined): void {
    if (text === undefined) this.#texts.delete(name);
    else this.#texts.set(name, text);
    const [id, mover, ...rest] = splitParts(name) ?? [];
    if (id === undefined || rest.length > 0 || !isItemId(id)) return;
    const item = this.#item(id);
    if (mover === undefined) item.inserted = text === undefined ? undefined : parseItem(text);
    else {
      const move = text === undefined ? undefined : parseMove(text);
      if (move === undefined) item.moves.delete(mover);
      else item.moves.set(mover, move);
    }
    this.#place(item);
    if (item.inserted !== undefined) return;
    if (item.moves.size === 0) this.#items.delete(id);
    else this.#hasLeftovers(this);
  }

  #item(id: string): Item {
    const known = this.#items.get(id);
    if (known !== undefined) return known;
    const fresh: Item = { id, inserted: undefined, moves: new Map(), key: undefined };
    this.#items.set(id, fresh);
    return fresh;
  }

  #place(item: Item): void {
    const key = item.inserted === undefined ? undefined : orderKey(latestPosition(item) ?? item.inserted.position, item.id);
    if (key === item.key) return;
    if (item.key !== undefined) this.#order.splice(this.#indexOf(item.key), 1);
    item.key = key;
    if (key !== undefined) this.#order.splice(this.#indexOf(key), 0, item);
  }

  /** The index of the first shown item whose key is not less. */
  #indexOf(key: string): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#order[middle]?.key ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #removeItem(edit: Edit, item: Item): void {
    if (item.inserted !== undefined) edit.put(this, escapePart(item.id), undefined);
    for (const mover of [...item.moves.keys()]) edit.put(this, moveName(item.id, mover), undefined);
  }
}

function moveName(itemId: string, mover: string): string {
  return `${escapePart(itemId)}/${escapePart(mover)}`;
}

function latestPosition(item: Item): string | undefined {
  let latest: [mover: string, hlc: string, position: string] | undefined;
  for (const [mover, move] of item.moves) {
    const order = latest === undefined ? 1 : compareStrings(move.hlc, latest[1]) || compareStrings(mover, latest[0]);
    if (order > 0) latest = [mover, move.hlc, move.position];
  }
  return latest?.[2];
}

function parseItem(text: string): Item['inserted'] {
  const tab = text.indexOf('\t');
  const position = text.slice(0, Math.max(0, tab));
  const value = readStoredJson(text.slice(tab + 1));
  return value === undefined || !isPosition(position) ? undefined : { position, value };
}

function parseMove(text: string): { hlc: string; position: string } | undefined {
  const hlc = text.slice(0, hlcLength);
  const position = text.slice(hlcLength + 1);
  return parseHlc(hlc) === undefined || text[hlcLength] !== ' ' || !isPosition(position) ? undefined : { hlc, position };
}
