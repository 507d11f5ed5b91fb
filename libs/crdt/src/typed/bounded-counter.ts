// A counter that never leaves its bounds, in any partition: a writer decrements (or increments below a maximum) only as far as
// its own rights reach, and an increment makes rights to decrement, and the other way round. So the bounds hold everywhere
// without asking anybody. Where rights do not reach, the engine has them transferred, by acts of escrow.
//
//   change --own rights reach?--> the writer's count
//              '--no--> take over what the own region left: its initial share, earlier epochs --reach?--> count
//                                                                                        '--no--> insufficient_rights
//
// Invariant 1: a writer sets only entries of its own, and their numbers only grow; no entry is ever deleted. So the counter
//              cannot be removed once it was written: others hold rights to it.
// Invariant 2: no act takes more than the author sees its giver has (rights-ledger.ts, Invariant 2).
// Invariant 3: from another holder rights are taken over only when the caller vouches that all it wrote is here.

import { assert, compareStrings, type JsonValue } from '@anabranch/base';
import { isOriginId, isRegionId, regionOf } from '@anabranch/causality';
import type { EscrowAct, RightsKind, RightsView } from '../escrow.ts';
import { crdtLimits } from '../limits.ts';
import type { BoundedCounterSchema } from '../schema.ts';
import { boundsOf, hasBound } from './bounds.ts';
import type { Edit } from './edit.ts';
import { Leaf, type Place } from './field-node.ts';
import { entryName, formatNumbers, parseEntry, type RightsEntry } from './rights-entry.ts';
import { isSafe, RightsLedger, toSafe } from './rights-ledger.ts';

const kinds: readonly RightsKind[] = ['down', 'up'];

export class BoundedCounter extends Leaf {
  readonly #texts = new Map<string, string>();
  readonly #entries = new Map<string, RightsEntry>();
  readonly #ledger: RightsLedger;
  /** The bounded counters of the document that have entries. */
  readonly #written: Set<BoundedCounter>;
  #rights: RightsView | undefined;

  constructor(place: Place, schema: BoundedCounterSchema, written: Set<BoundedCounter>) {
    super(place);
    this.#ledger = new RightsLedger(boundsOf(schema));
    this.#written = written;
  }

  get isLive(): boolean {
    return this.#entries.size > 0;
  }

  get isVacant(): boolean {
    return this.#texts.size === 0;
  }

  get pointer(): string {
    return `/${this.prefix.slice(0, -1)}`;
  }

  get rights(): RightsView {
    this.#rights ??= this.#ledger.view();
    return this.#rights;
  }

  get(name: string): string | undefined {
    return this.#texts.get(name);
  }

  /** Increments, or decrements when `by` is negative. */
  change(edit: Edit, by: number): void {
    if (by === 0) return;
    if (!isSafe(this.#ledger.value + BigInt(by))) edit.reject('value_invalid', 'the counter would leave the range of safe integers');
    const kind = by > 0 ? 'up' : 'down';
    if (hasBound(this.#ledger.bounds, kind)) this.#gather(edit, kind, Math.abs(by));
    this.#grow(edit, { kind: 'count', other: '' }, by > 0 ? by : 0, by < 0 ? -by : 0);
  }

  /** Gives rights of the author away. */
  transfer(edit: Edit, { to, down = 0, up = 0 }: Extract<EscrowAct, { op: 'transfer' }>): void {
    if (!isOriginId(to) || to === edit.writer) edit.reject('op_invalid', 'rights are given to another origin');
    const amounts = { down, up };
    for (const kind of kinds) {
      const amount = amounts[kind];
      if (!Number.isSafeInteger(amount) || amount < 0) edit.reject('value_invalid', 'rights are given in whole numbers');
      if (amount === 0) continue;
      if (!hasBound(this.#ledger.bounds, kind)) edit.reject('type_mismatch', `the counter has no bound that asks for rights to go ${kind}`);
      this.#gather(edit, kind, amount);
    }
    if (down + up === 0) edit.reject('value_invalid', 'a transfer gives something');
    this.#grow(edit, { kind: 'transfer', other: to }, down, up);
  }

  /** Takes over what a holder has left, if anything. */
  takeOver(edit: Edit, from: string): void {
    const isHolder = isOriginId(from) || isRegionId(from);
    if (!isHolder || from === edit.writer) edit.reject('op_invalid', 'rights are taken over from another origin, or from a region');
    const [down, up] = kinds.map((kind) => this.#ledger.held(from, kind)).map((held) => (held > 0n ? toSafe(held) : 0));
    assert(down !== undefined && up !== undefined, 'there are two kinds of rights');
    if (down + up > 0) this.#grow(edit, { kind: 'takeover', other: from }, down, up);
  }

  removeSeen(edit: Edit): void {
    if (this.isLive) edit.reject('type_mismatch', 'a bounded counter cannot be removed: other regions hold rights to it');
  }

  protected computeView(): JsonValue {
    return toSafe(this.#ledger.value);
  }

  protected store(name: string, text: string | undefined): void {
    const before = this.#entries.get(name);
    const entry = text === undefined ? undefined : parseEntry(name, text);
    if (text === undefined) this.#texts.delete(name);
    else this.#texts.set(name, text);
    if (before !== undefined) this.#ledger.count(before, -1n);
    if (entry === undefined) this.#entries.delete(name);
    else this.#entries.set(name, entry);
    if (entry !== undefined) this.#ledger.count(entry, 1n);
    this.#rights = undefined;
    if (this.isLive) this.#written.add(this);
    else this.#written.delete(this);
  }

  /** Sees to it that the author itself holds the rights, or refuses. */
  #gather(edit: Edit, kind: RightsKind, needed: number): void {
    let held = this.#ledger.held(edit.writer, kind);
    if (held >= BigInt(needed)) return;
    const left = this.#leftByOwnRegion(edit, kind);
    for (const holder of left) held += this.#ledger.held(holder, kind);
    if (held < BigInt(needed)) this.#refuse(edit, { kind, needed, held: toSafe(held) }, left);
    for (const holder of left) {
      this.takeOver(edit, holder);
      if (this.#ledger.held(edit.writer, kind) >= BigInt(needed)) return;
    }
  }

  /** Holders of the author's region, other than itself, whose rights it may take over. */
  #leftByOwnRegion(edit: Edit, kind: RightsKind): string[] {
    assert(isOriginId(edit.writer), 'an origin changes a bounded counter');
    const region = regionOf(edit.writer);
    const ofRegion = [...this.#ledger.holders()].filter((holder) => {
      if (holder === edit.writer || this.#ledger.held(holder, kind) <= 0n) return false;
      return holder === region || (isOriginId(holder) && regionOf(holder) === region);
    });
    return ofRegion.filter((holder) => edit.mayTakeOver(holder)).sort(compareStrings);
  }

  #refuse(edit: Edit, lack: { kind: RightsKind; needed: number; held: number }, own: readonly string[]): never {
    const holders = [...this.#ledger.holders()]
      .filter((holder) => holder !== edit.writer && !own.includes(holder))
      .map((origin) => ({ origin, rights: toSafe(this.#ledger.held(origin, lack.kind)) }))
      .filter(({ rights }) => rights > 0)
      .sort((a, b) => b.rights - a.rights || compareStrings(a.origin, b.origin))
      .slice(0, crdtLimits.namedHoldersMax);
    const total = toSafe(this.#ledger.total(lack.kind));
    const direction = lack.kind === 'down' ? 'decrement' : 'increment';
    edit.reject('insufficient_rights', `${lack.needed} rights to ${direction} are needed, ${lack.held} are held here`, {
      ...lack,
      holders,
      total,
    });
  }

  /** Adds to the numbers of an entry of the author. */
  #grow(edit: Edit, key: Pick<RightsEntry, 'kind' | 'other'>, first: number, second: number): void {
    assert(isOriginId(edit.writer), 'an origin changes a bounded counter');
    const name = entryName({ ...key, writer: edit.writer });
    const before = this.#entries.get(name);
    const [nextFirst, nextSecond] = [(before?.first ?? 0) + first, (before?.second ?? 0) + second];
    if (!Number.isSafeInteger(nextFirst) || !Number.isSafeInteger(nextSecond)) {
      edit.reject('value_invalid', 'the totals of the bounded counter would leave the range of safe integers');
    }
    edit.put(this, name, formatNumbers(nextFirst, nextSecond));
  }
}
