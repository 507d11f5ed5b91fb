// Random concurrent writes to registers: what RegisterHistory finds in the bytes of the updates, in whatever order a replica
// received them, is what a brute-force reading of the causal histories finds.

import { concatBytes } from '@anabranch/base';
import { formatHlc, type Hlc } from '@anabranch/causality';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CrdtDocument } from '../crdt-document.ts';
import { createDocument } from '../create-document.ts';
import type { DocumentOp } from '../document-op.ts';
import type { Library } from '../schema.ts';
import { Replica as CartReplica, cart } from '../testing/cart-replica.ts';
import { schema } from '../testing/random-ops.ts';
import { type RegisterConflict, RegisterHistory } from './register-history.ts';

interface Event {
  readonly id: string;
  readonly writer: string;
  readonly hlc: Hlc;
  readonly update: Uint8Array;
  readonly seen: ReadonlySet<string>;
  readonly op: DocumentOp;
}

type Draw = readonly [from: number, to: number, kind: number, value: number];

const draws = fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(9), fc.nat(9)), { minLength: 5, maxLength: 60, size: 'max' });
const paths = ['/status', '/all', '/items/a/name', '/items/b~1/name'];

class Replica {
  readonly document: CrdtDocument;
  readonly log: Event[] = [];
  readonly writer: string;
  dot = 0;

  constructor(library: Library, index: number) {
    this.writer = `r${index}.00000000000${index}`;
    this.document = createDocument({ library, schema }, { yjsClientId: 2 ** 32 + index, automergeActor: String(index).padStart(32, '0') });
  }

  receive(events: readonly Event[]): void {
    const missing = events.filter(({ id }) => !this.log.some((held) => held.id === id));
    this.document.apply(missing.map(({ update }) => update));
    this.log.push(...missing);
  }
}

function run(library: Library, history: readonly Draw[]): Replica[] {
  const replicas = [0, 1, 2, 3].map((index) => new Replica(library, index));
  for (const [step, [from, to, kind, value]] of history.entries()) {
    const [author, receiver] = [replicas[from], replicas[to]];
    if (author === undefined || receiver === undefined) throw new Error('no replica');
    if (kind >= 8) {
      receiver.receive(author.log.slice(0, value === 9 ? undefined : value * 2));
      continue;
    }
    const path = paths[value % paths.length] ?? '';
    const op = opOf(kind, path, step);
    // Clocks are skewed: a later write may carry an earlier stamp.
    const hlc = { ms: 1_000 + step + 9 * ((from * 3) % 4), counter: 0 };
    const update = author.document.edit({ writer: author.writer, dot: ++author.dot, hlc }, [op]);
    const seen = new Set(author.log.map(({ id }) => id));
    if (update !== undefined) author.log.push({ id: `${author.writer}:${author.dot}`, writer: author.writer, hlc, update, seen, op });
  }
  for (const from of replicas) for (const to of replicas) to.receive(from.log);
  for (const from of replicas) for (const to of replicas) to.receive(from.log);
  return replicas;
}

function opOf(kind: number, path: string, value: number): DocumentOp {
  if (kind === 6) return { op: 'clear', path };
  if (kind === 7 && path.startsWith('/items/')) return { op: 'remove', path: path.slice(0, path.lastIndexOf('/')) };
  // Few values: some that meet are equal.
  return { op: 'set', path, value: value % 5 };
}

const comparable = (conflicts: Iterable<RegisterConflict<string>>): string[] =>
  [...conflicts]
    .map(({ path, winner, loser, stands }) => `${path} ${winner.by}=${winner.value} beats ${loser.by}=${loser.value} ${stands}`)
    .sort();

function found(library: Library, events: readonly Event[]): string[] {
  const history = new RegisterHistory<string>(library, schema);
  for (const { update, id } of events) history.take(update, id);
  return comparable(history.conflicts());
}

/**
 * By definition, over all pairs: neither had seen the other, and whoever replaced one of them had seen the other. Of several
 * that a write lost to, the latest counts; a write that lost to an equal one lost nothing.
 */
function expectedConflicts(events: readonly Event[]): string[] {
  return paths.flatMap((path) => conflictsAt(path, events)).sort();
}

function conflictsAt(path: string, events: readonly Event[]): string[] {
  const touching = events.filter(({ op }) => path === op.path || path.startsWith(`${op.path}/`));
  const writes = touching.filter(({ op }) => op.op === 'set');
  const isDead = (write: Event, before: ReadonlySet<string>): boolean =>
    touching.some((later) => later.seen.has(write.id) && before.has(later.id));
  const replacers = (write: Event): Event[] => touching.filter((later) => later.seen.has(write.id) && !isDead(write, later.seen));
  const isKnown = (a: Event, b: Event): boolean => replacers(a).every((later) => later.seen.has(b.id));
  const rank = (write: Event): string => `${formatHlc(write.hlc)} ${write.writer}`;
  const areInConflict = (a: Event, b: Event): boolean => !a.seen.has(b.id) && !b.seen.has(a.id) && isKnown(a, b) && isKnown(b, a);
  return writes.flatMap((loser) => {
    const winners = writes.filter((write) => rank(write) > rank(loser) && areInConflict(write, loser));
    const winner = winners.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).at(-1);
    const isOpen = replacers(loser).length === 0;
    if (winner === undefined || valueBy(winner) === valueBy(loser) || (path === '/all' && isOpen)) return [];
    return [`${path} ${winner.id}=${valueBy(winner)} beats ${loser.id}=${valueBy(loser)} ${path !== '/all' && isOpen}`];
  });
}

function valueBy({ op }: Event): unknown {
  return op.op === 'set' ? op.value : undefined;
}

function shownAt(view: unknown, path: string): unknown {
  const segments = path.slice(1).split('/');
  return segments.reduce((value, segment) => Reflect.get(Object(value), segment.replaceAll('~1', '/')), view);
}

describe.each(['yjs', 'automerge'] as const)('RegisterHistory on %s', (library) => {
  test('[CONF1] every replica finds the same conflicts, those of the causal histories, in whatever order updates came', () => {
    fc.assert(
      fc.property(draws, (history) => {
        const replicas = run(library, history);
        const expected = expectedConflicts(replicas[0]?.log ?? []);
        for (const { log } of replicas) expect(found(library, log)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  test('[CONF2] a register shows the winner of the conflicts that stand there', () => {
    fc.assert(
      fc.property(draws, (history) => {
        const [replica] = run(library, history);
        const registers = new RegisterHistory<string>(library, schema);
        for (const { update, id } of replica?.log ?? []) registers.take(update, id);
        for (const { path, winner, stands } of registers.conflicts()) {
          if (stands) expect(shownAt(replica?.document.json(), path)).toBe(winner.value);
        }
      }),
      { numRuns: 50 },
    );
  });

  test.each<[string, (event: Event, nth: number) => Event]>([
    ['a write that had seen less', (event, nth) => ({ ...event, seen: new Set([...event.seen].slice(nth % 2)) })],
    ['clocks that run backwards', (event) => ({ ...event, hlc: { ms: 5_000 - event.hlc.ms, counter: 0 } })],
    ['a clear that was no clear', (event) => (event.op.op === 'clear' ? { ...event, op: { ...event.op, path: '/gift' } } : event)],
  ])('[CONF1] the comparison notices %s', (_, lie) => {
    const check = (): void =>
      fc.assert(
        fc.property(draws, (history) => {
          const log = run(library, history)[0]?.log ?? [];
          expect(found(library, log)).toEqual(expectedConflicts(log.map(lie)));
        }),
        { numRuns: 100, endOnFailure: true },
      );
    expect(check).toThrow(/Property failed/);
  });

  test('[CONF1] an update that arrives in two ops counts once', () => {
    const [a, b] = [new CartReplica(library, 0), new CartReplica(library, 1)];
    a.do({ op: 'set', path: '/status', value: 'a' });
    b.do({ op: 'set', path: '/status', value: 'b' });
    const updates = [a, b].flatMap((replica) => [...replica.updates]);
    if (cart === 'freeform') throw new Error('the cart is typed');
    const history = new RegisterHistory<number>(library, cart);
    for (const [nth, update] of [...updates, ...updates].entries()) history.take(update, nth);
    expect([...history.conflicts()]).toMatchObject([{ path: '/status', winner: { by: 1 }, loser: { by: 0 }, stands: true }]);
  });

  test('[CONF2] what an update overwrote itself before it was sent is in no conflict', () => {
    const [a, b] = [new CartReplica(library, 0), new CartReplica(library, 1)];
    if (cart === 'freeform') throw new Error('the cart is typed');
    for (const value of ['first', 'second', 'third']) a.do({ op: 'set', path: '/status', value });
    const merged = library === 'yjs' ? a.document.encodeState() : concatBytes([...a.updates]);
    b.document.apply([merged]);
    b.do({ op: 'set', path: '/status', value: 'last' });
    const history = new RegisterHistory<number>(library, cart);
    history.take(merged, 0);
    expect([...history.conflicts()]).toEqual([]);
    for (const update of b.updates) history.take(update, 1);
    expect([...history.conflicts()]).toEqual([]);
  });
});
