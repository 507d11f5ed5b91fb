// A mesh of replicas that count within bounds: they edit, hand rights to each other, go offline, receive late, in prefixes and
// twice, and start new epochs, sometimes having lost the end of what they held. After every step the replica that took it is
// compared with the reference model and with what rights must add up to, and the whole mesh with the bounds.
//
// What a replica must accept and refuse is worked out here from the rights it shows, without asking the type.

import { canonicalJson, isAnabranchError, type JsonObject, toHex } from '@anabranch/base';
import type { Author, CrdtDocument } from '../crdt-document.ts';
import type { DocumentOp } from '../document-op.ts';
import type { EscrowAct, RightsKind, RightsView } from '../escrow.ts';
import { type ModelEvent, ReferenceModel } from '../model/index.ts';
import { type ActingStep, type BoundedStep, boundedPaths, boundedSchema, drawBoundedOps, drawTransfer, pathOf } from './bounded-steps.ts';
import { hash } from './cart-replica.ts';

export interface BoundedMeshOptions {
  /** A document of the schema; no two calls of a mesh name one number. */
  readonly create: (identity: number) => CrdtDocument;
  /** Takes whatever the documents accept and refuse: so that planted bugs meet the other checks. */
  readonly isTrusting?: boolean;
  /** Whether a replica may take rights over; by default as the mesh knows. */
  readonly mayTakeOver?: () => boolean;
  /** One origin for all, as if nobody kept to its own entries. */
  readonly hasOneOrigin?: boolean;
}

interface Logged {
  readonly writer: string;
  readonly update: Uint8Array;
  readonly eventIds: readonly string[];
}

interface Replica {
  readonly region: string;
  epoch: number;
  dot: number;
  document: CrdtDocument;
  log: Logged[];
  held: Set<string>;
}

interface Refusal {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export class BoundedMesh {
  readonly replicas: readonly Replica[];
  /** What each step left: to compare one library with the other. */
  readonly trace: string[] = [];
  /** Steps that were refused, by code. */
  readonly refusals = new Map<string, number>();
  readonly #options: BoundedMeshOptions;
  readonly #model = new ReferenceModel(boundedSchema);
  readonly #events: ModelEvent[] = [];
  #step = 0;
  #identities = 0;

  constructor(replicaCount: number, options: BoundedMeshOptions) {
    this.#options = options;
    this.replicas = Array.from({ length: replicaCount }, (_, index) => ({
      ...{ region: `r${index}`, epoch: 0, dot: 0, log: [], held: new Set<string>() },
      document: options.create(this.#identities++),
    }));
  }

  run(history: readonly BoundedStep[]): void {
    for (const step of history) {
      this.#step++;
      this.#check(this.#take(step));
    }
    for (const from of this.replicas) for (const to of this.replicas) this.#deliver(from, to, Number.POSITIVE_INFINITY, false);
    for (const from of this.replicas) for (const to of this.replicas) this.#deliver(from, to, Number.POSITIVE_INFINITY, false);
    for (const replica of this.replicas) this.#check(replica);
    this.#checkConverged();
  }

  /** Carries a step out and returns the replica that it may have changed. */
  #take(step: BoundedStep): Replica {
    if (step.kind === 'deliver') {
      const to = this.#replica(step.to);
      this.#deliver(this.#replica(step.from), to, step.countMax, step.twice);
      return to;
    }
    const replica = this.#replica(step.at);
    if (step.kind === 'renew') this.#renew(replica, step.lost);
    else if (step.kind === 'edit') this.#edit(replica, drawBoundedOps(step));
    else if (step.kind === 'transfer') this.#transfer(replica, step);
    else this.#takeOver(replica, step);
    return replica;
  }

  #replica(index: number): Replica {
    const replica = this.replicas[index % this.replicas.length];
    if (replica === undefined) throw new Error('no replica');
    return replica;
  }

  #originOf({ region, epoch }: Pick<Replica, 'region' | 'epoch'>): string {
    return this.#options.hasOneOrigin ? 'r0.000000000000' : `${region}.${epoch.toString(16).padStart(12, '0')}`;
  }

  #edit(replica: Replica, ops: readonly DocumentOp[]): void {
    const expected = this.#expectedRefusal(replica, ops);
    this.#attempt(replica, ops, expected, (author) => replica.document.edit(author, ops));
  }

  #transfer(replica: Replica, step: ActingStep): void {
    const to = this.#replica(step.at + 1 + (step.a % Math.max(1, this.replicas.length - 1)));
    const acts = drawTransfer(step, this.#originOf(to));
    const expected = acts.flatMap((act) => this.#lackFor(replica, act))[0];
    this.#attempt(replica, acts, expected, (author) => replica.document.escrow(author, acts));
  }

  /** Takes over explicitly what the region left. */
  #takeOver(replica: Replica, step: ActingStep): void {
    const path = pathOf(step.a);
    const earlier = Array.from({ length: replica.epoch }, (_, epoch) => this.#originOf({ ...replica, epoch }));
    const holders = [replica.region, ...earlier].filter((holder) => holder !== this.#originOf(replica));
    if (!this.#mayTakeOver(replica)) return;
    const acts = holders.map((from): EscrowAct => ({ op: 'takeOver', path, from }));
    this.#attempt(replica, acts, undefined, (author) => replica.document.escrow(author, acts));
  }

  /** Makes an edit; the document must do as expected, and a refusal leave it as it was. */
  #attempt(
    replica: Replica,
    ops: readonly ModelEvent['op'][],
    expected: Refusal | undefined,
    make: (author: Author) => Uint8Array | undefined,
  ): void {
    const mayTakeOver = (): boolean => this.#mayTakeOver(replica);
    const author = { writer: this.#originOf(replica), dot: ++replica.dot, hlc: { ms: 1_000 + this.#step, counter: 0 }, mayTakeOver };
    const before = this.#options.isTrusting ? '' : stateOf(replica.document);
    const made = attempt(() => make(author));
    if ('code' in made) {
      this.refusals.set(made.code, (this.refusals.get(made.code) ?? 0) + 1);
      this.#expectRefusal(made, expected);
      if (!this.#options.isTrusting && stateOf(replica.document) !== before) throw new Error('a refused edit left something');
      return;
    }
    if (expected !== undefined && !this.#options.isTrusting) throw new Error(`accepted what is to be refused: ${JSON.stringify(ops)}`);
    if (made.update === undefined) return;
    const eventIds = ops.map((op, nth) => this.#record(replica, author, op, nth));
    replica.log.push({ writer: author.writer, update: made.update, eventIds });
  }

  #expectRefusal({ code, details }: Refusal, expected: Refusal | undefined): void {
    if (this.#options.isTrusting) return;
    if (code !== expected?.code) throw new Error(`refused with ${code}, expected ${expected?.code}: ${JSON.stringify(details)}`);
    for (const [name, value] of Object.entries(expected.details)) {
      if (details[name] !== value) throw new Error(`${name} is ${JSON.stringify(details[name])}, expected ${value}`);
    }
  }

  #record(replica: Replica, author: Author, op: ModelEvent['op'], nth: number): string {
    const event = { id: `${author.dot}.${nth}@${author.writer}@${replica.region}`, writer: author.writer, hlc: author.hlc, op };
    const whole = { ...event, seen: new Set(replica.held) };
    this.#events.push(whole);
    this.#model.record(whole);
    replica.held.add(event.id);
    return event.id;
  }

  #deliver(from: Replica, to: Replica, countMax: number, twice: boolean): void {
    const missing = from.log.filter(({ eventIds }) => eventIds.some((id) => !to.held.has(id))).slice(0, countMax);
    const updates = missing.map(({ update }) => update);
    const before = to.document.boundedWrites;
    to.document.apply(twice ? [...updates, ...updates] : updates);
    if (to.document.boundedWrites < before) throw new Error('writes are counted upwards');
    for (const entry of missing) {
      to.log.push(entry);
      for (const id of entry.eventIds) to.held.add(id);
    }
  }

  #renew(replica: Replica, lost: number): void {
    replica.epoch += 1;
    replica.log = replica.log.slice(0, Math.max(0, replica.log.length - lost));
    replica.held = new Set(replica.log.flatMap(({ eventIds }) => eventIds));
    replica.document = this.#options.create(this.#identities++);
    replica.document.apply(replica.log.map(({ update }) => update));
  }

  /** Whether nothing of earlier epochs of the region is anywhere that the replica lacks. */
  #mayTakeOver(replica: Replica): boolean {
    if (this.#options.mayTakeOver !== undefined) return this.#options.mayTakeOver();
    const own = this.#originOf(replica);
    const isMissing = ({ writer, eventIds }: Logged): boolean =>
      writer !== own && writer.startsWith(`${replica.region}.`) && eventIds.some((id) => !replica.held.has(id));
    return !this.replicas.some((other) => other.log.some(isMissing));
  }

  /** The rights a replica can use: its own, and what its region left. */
  #usable(replica: Replica, rights: RightsView | undefined, kind: RightsKind): number {
    const own = this.#originOf(replica);
    const takes = this.#mayTakeOver(replica);
    let usable = 0;
    for (const [holder, held] of rights?.holders ?? []) {
      const isOfRegion = holder === replica.region || holder.startsWith(`${replica.region}.`);
      if (holder === own || (takes && isOfRegion)) usable += held[kind];
    }
    return usable;
  }

  #lackFor(replica: Replica, act: EscrowAct): Refusal[] {
    if (act.op !== 'transfer') return [];
    const rights = replica.document.rights(act.path);
    return (['down', 'up'] as const).flatMap((kind) => {
      const [needed, held] = [act[kind] ?? 0, this.#usable(replica, rights, kind)];
      return held < needed ? [{ code: 'insufficient_rights', details: { kind, needed, held, opIndex: 0 } }] : [];
    });
  }

  #expectedRefusal(replica: Replica, ops: readonly DocumentOp[]): Refusal | undefined {
    const written = new Set(replica.document.boundedCounters());
    const changed = new Map<string, number>();
    for (const [opIndex, op] of ops.entries()) {
      if (op.op === 'remove' && [...written].some((path) => path.startsWith(`${op.path}/`))) {
        return { code: 'type_mismatch', details: { opIndex, path: op.path } };
      }
      if (!boundedPaths.includes(op.path) || byOf(op) === 0) continue;
      const before = changed.get(op.path) ?? 0;
      const lack = this.#lackOf(replica, { path: op.path, by: byOf(op), before });
      if (lack !== undefined) return { code: 'insufficient_rights', details: { opIndex, path: op.path, ...lack } };
      changed.set(op.path, before + byOf(op));
      written.add(op.path);
    }
    return undefined;
  }

  /** What is lacking to change a counter by `by`, after the same edit has changed it by `before`. */
  #lackOf(replica: Replica, { path, by, before }: { path: string; by: number; before: number }): Record<string, unknown> | undefined {
    const rights = replica.document.rights(path);
    const kind = by > 0 ? 'up' : 'down';
    const bound = kind === 'up' ? rights?.max : rights?.min;
    if (rights === undefined || bound === undefined) return undefined;
    const needed = Math.abs(by);
    const held = this.#usable(replica, rights, kind) + (kind === 'up' ? -before : before);
    return held < needed ? { kind, needed, held, total: Math.abs(rights.value + before - bound) } : undefined;
  }

  #check(replica: Replica): void {
    const { document, held } = replica;
    const json = document.json();
    for (const path of boundedPaths) checkRights(path, document.rights(path), json);
    const expected = this.#model.view(held, () => '');
    if (canonicalJson(json) !== canonicalJson(expected))
      throw new Error(`shows ${JSON.stringify(json)}, the model ${JSON.stringify(expected)}`);
    if (document.exists() !== this.#model.exists(held, () => '')) throw new Error('exists, or not, against the model');
    const written = new Set(this.#events.filter(({ id, op }) => held.has(id) && touches(op)).map(({ op }) => op.path));
    if ([...document.boundedCounters()].sort().join() !== [...written].sort().join())
      throw new Error('lists other counters than were written');
    this.#checkCut();
    this.trace.push(stateOf(document));
  }

  /** The values that the whole mesh comes to, of what any replica holds. */
  #checkCut(): void {
    const existing = new Set(this.replicas.flatMap(({ held }) => [...held]));
    const values = new Map<string, number>();
    for (const { id, op } of this.#events) {
      if (existing.has(id)) values.set(op.path, (values.get(op.path) ?? 0) + byOf(op));
    }
    for (const path of boundedPaths) {
      const { min, max } = this.#replica(0).document.rights(path) ?? {};
      const value = values.get(path) ?? 0;
      if (value < (min ?? value) || value > (max ?? value)) throw new Error(`${path} comes to ${value} in the mesh`);
    }
  }

  #checkConverged(): void {
    const first = this.#replica(0).document;
    const digest = toHex(first.digest(hash));
    for (const { document } of this.replicas) {
      if (toHex(document.digest(hash)) !== digest) throw new Error('digests differ');
    }
    const copy = this.#options.create(this.#identities++);
    copy.apply([first.encodeState()]);
    if (stateOf(copy) !== stateOf(first)) throw new Error('a copy of the state shows something else');
  }
}

/** Whether the rights add up, none is negative and the value lies within the bounds. */
function checkRights(path: string, rights: RightsView | undefined, json: JsonObject): void {
  if (rights === undefined) throw new Error(`${path} has no rights`);
  const { value, min, max, holders } = rights;
  const shown = path
    .slice(1)
    .split('/')
    .reduce((below: unknown, name) => (below as Record<string, unknown> | undefined)?.[name], json);
  if ((shown ?? 0) !== value) throw new Error(`${path} shows ${String(shown)}, its rights say ${value}`);
  if (value < (min ?? value) || value > (max ?? value)) throw new Error(`${path} is ${value}`);
  const total = { down: 0, up: 0 };
  for (const [holder, held] of holders) {
    if (held.down < 0 || held.up < 0) throw new Error(`${holder} has ${held.down} and ${held.up} rights to ${path}`);
    total.down += held.down;
    total.up += held.up;
  }
  const expected = { down: min === undefined ? 0 : value - min, up: max === undefined ? 0 : max - value };
  if (total.down !== expected.down || total.up !== expected.up)
    throw new Error(`the rights to ${path} are ${JSON.stringify(total)} at ${value}`);
}

/** All that a document shows of itself, except what differs between the libraries. */
function stateOf(document: CrdtDocument): string {
  const rights = boundedPaths.map((path) => [...(document.rights(path)?.holders ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify([document.json(), document.exists(), rights]);
}

function attempt(make: () => Uint8Array | undefined): { readonly update: Uint8Array | undefined } | Refusal {
  try {
    return { update: make() };
  } catch (error) {
    if (isAnabranchError(error)) return error;
    throw error;
  }
}

function byOf(op: ModelEvent['op']): number {
  if (op.op === 'increment') return op.by;
  return op.op === 'decrement' ? -op.by : 0;
}

function touches(op: ModelEvent['op']): boolean {
  return boundedPaths.includes(op.path) && (byOf(op) !== 0 || op.op === 'transfer' || op.op === 'takeOver');
}
