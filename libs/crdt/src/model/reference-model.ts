// The reference model: what a typed document must show, as a function of the causal history alone. It knows no CRDT
// library, no flat keys and no merging; every rule of the types is one sentence about which events had seen which.
//
//   register   the sets that no later set and no removal had seen; shown by (HLC, writer)
//   counter    the sum of the increments, less the decrements, that no removal had seen
//   bounded    the sum of all increments, less all decrements; a transfer of rights makes the key present and no more
//   set, flag  present while an add (enable) stands that no later add and no removal had seen
//   list       the inserted items that no removal had seen, at their latest standing move or where they were inserted
//   map        the keys with anything standing below
//   text       checked, not computed: each library orders concurrent inserts in its own way (checkText)
//
// Events are recorded in any order that respects causality. Indexes in operations mean the author's own view, so an event
// is resolved against the events it had seen when it is recorded.

import { assert, canonicalJson, compareStrings, type JsonObject, type JsonValue } from '@anabranch/base';
import { compareHlc, type Hlc } from '@anabranch/causality';
import type { DocumentOp } from '../document-op.ts';
import type { EscrowAct } from '../escrow.ts';
import { parsePointer } from '../path.ts';
import type { FieldSchema, ObjectSchema } from '../schema.ts';
import { orderKey, positionBetween } from '../typed/fractional-position.ts';

/** One accepted operation. An edit of several operations is several events, each having seen the ones before. */
export interface ModelEvent {
  /** Unique in the history. */
  readonly id: string;
  readonly writer: string;
  readonly hlc: Hlc;
  readonly op: DocumentOp | EscrowAct;
  /** Ids of all events the author's replica held: the whole causal history, not only the newest. */
  readonly seen: ReadonlySet<string>;
  /** For a text `delete`: the characters that went. */
  readonly deletedText?: string;
  /** For a list `insert`: the item's id in documents (`itemIdOf`), which orders items of equal position. */
  readonly itemId?: string;
}

interface Resolved extends ModelEvent {
  readonly segments: readonly string[];
  readonly pathKey: string;
  /** Of list events: the item inserted, moved or removed, and where it was put. */
  readonly item?: string;
  readonly position?: string;
  /** Of set events. */
  readonly element?: string;
  readonly vouches: boolean;
}

/** What stands at one leaf, and whether that makes the keys above present. */
interface Standing {
  readonly value: JsonValue;
  readonly isLive: boolean;
}

const creating: ReadonlySet<ModelEvent['op']['op']> = new Set(['set', 'increment', 'decrement', 'add', 'enable', 'insert', 'move']);

export class ReferenceModel {
  readonly #schema: ObjectSchema;
  readonly #events: Resolved[] = [];

  constructor(schema: ObjectSchema) {
    this.#schema = schema;
  }

  record(event: ModelEvent): void {
    const segments = parsePointer(event.op.path) ?? [];
    const base = { ...event, segments, pathKey: JSON.stringify(segments) };
    this.#events.push({ ...base, ...this.#resolve(base), vouches: this.#vouches(event) });
  }

  /** The JSON view of a replica holding the events in `held`; texts are taken from `textAt`, which sees the same replica. */
  view(held: ReadonlySet<string>, textAt: (segments: readonly string[]) => string): JsonObject {
    return assemble(this.#schema, [], this.#standing(held, textAt)) as JsonObject;
  }

  /** True when a writer's vouch stands or anything is live. */
  exists(held: ReadonlySet<string>, textAt: (segments: readonly string[]) => string): boolean {
    const removals = this.#removals(held).filter(removesDocument);
    const hasVouch = this.#events.some(
      (event) => event.vouches && held.has(event.id) && !removals.some((removal) => removal.seen.has(event.id)),
    );
    return hasVouch || [...this.#standing(held, textAt).values()].some(({ isLive }) => isLive);
  }

  /**
   * What is wrong with the text of a replica holding `held`, or undefined: every inserted character that no delete took
   * is there once, nothing else is. Characters of one history must be distinct; their order is the caller's to compare.
   */
  checkText(held: ReadonlySet<string>, segments: readonly string[], text: string): string | undefined {
    const pathKey = JSON.stringify(segments);
    const expected = new Set<string>();
    const events = this.#events.filter((event) => held.has(event.id) && event.pathKey === pathKey);
    for (const event of uncovered(events, this.#removals(held))) {
      if (event.op.op === 'insert') for (const char of event.op.text ?? '') expected.add(char);
    }
    for (const event of events) for (const char of event.deletedText ?? '') expected.delete(char);
    const shown = [...text];
    if (shown.length !== new Set(shown).size) return 'a character is shown twice';
    const surplus = shown.filter((char) => !expected.has(char));
    if (surplus.length > 0) return `shows ${surplus.join('')} that nobody wrote or that was deleted`;
    return shown.length === expected.size ? undefined : `lacks ${[...expected].filter((char) => !shown.includes(char)).join('')}`;
  }

  /** What stands at each leaf that any event touched. */
  #standing(held: ReadonlySet<string>, textAt: (segments: readonly string[]) => string): Map<string, Standing> {
    const standing = new Map<string, Standing>();
    const byPath = new Map<string, Resolved[]>();
    for (const event of this.#events) {
      if (!held.has(event.id)) continue;
      const others = byPath.get(event.pathKey);
      if (others === undefined) byPath.set(event.pathKey, [event]);
      else others.push(event);
    }
    const removals = this.#removals(held);
    for (const [pathKey, events] of byPath) {
      const segments = events[0]?.segments ?? [];
      const schema = schemaAt(this.#schema, segments);
      if (schema === undefined || schema.type === 'map' || schema.type === 'object') continue;
      standing.set(
        pathKey,
        standingOf(schema, uncovered(events, removals), () => textAt(segments)),
      );
    }
    return standing;
  }

  #removals(held: ReadonlySet<string>): Resolved[] {
    return this.#events.filter((event) => held.has(event.id) && isRemoval(event));
  }

  #vouches(event: ModelEvent): boolean {
    if (!creating.has(event.op.op)) return false;
    const isCount = event.op.op === 'increment' || event.op.op === 'decrement';
    if (isCount && byOf(event.op) === 0 && schemaAt(this.#schema, parsePointer(event.op.path) ?? [])?.type === 'boundedCounter')
      return false;
    const removed = this.#removals(event.seen).filter(removesDocument);
    return !this.#events.some(
      (earlier) =>
        earlier.vouches &&
        earlier.writer === event.writer &&
        event.seen.has(earlier.id) &&
        !removed.some((removal) => removal.seen.has(earlier.id)),
    );
  }

  #resolve(event: Pick<Resolved, 'op' | 'seen' | 'pathKey' | 'id' | 'itemId'>): Partial<Resolved> {
    const { op } = event;
    if ((op.op === 'add' || op.op === 'remove') && op.value !== undefined) return { element: canonicalJson(op.value) };
    const isListOp = op.op === 'move' || (op.op === 'remove' && op.index !== undefined) || (op.op === 'insert' && op.text === undefined);
    if (!isListOp) return {};
    const before = this.#events.filter((earlier) => event.seen.has(earlier.id) && earlier.pathKey === event.pathKey);
    const order = listOrder(uncovered(before, this.#removals(event.seen)));
    if (op.op === 'remove') return { item: itemAt(order, op.index) };
    if (op.op === 'insert')
      return { item: event.itemId ?? event.id, position: positionBetween(order[op.index - 1]?.key, order[op.index]?.key) };
    if (op.op !== 'move') return {};
    const at = op.to < op.from ? op.to : op.to + 1;
    return { item: itemAt(order, op.from), position: positionBetween(order[at - 1]?.key, order[at]?.key) };
  }
}

function removesDocument(removal: Resolved): boolean {
  return removal.op.op === 'remove' && removal.segments.length === 0;
}

function isRemoval(event: Resolved): boolean {
  return (
    event.op.op === 'clear' ||
    event.op.op === 'disable' ||
    (event.op.op === 'remove' && event.element === undefined && event.item === undefined)
  );
}

/** The events that no removal of their field, or of anything above it, had seen. */
function uncovered(events: readonly Resolved[], removals: readonly Resolved[]): Resolved[] {
  return events.filter((event) => !removals.some((removal) => removal.seen.has(event.id) && isPrefix(removal.segments, event.segments)));
}

function isPrefix(prefix: readonly string[], segments: readonly string[]): boolean {
  return prefix.every((segment, i) => segments[i] === segment);
}

/** The events that none of the others had seen. */
function newest(events: readonly Resolved[]): Resolved[] {
  return events.filter((event) => !events.some((other) => other.seen.has(event.id)));
}

function standingOf(schema: Exclude<FieldSchema, { type: 'map' | 'object' }>, events: readonly Resolved[], text: () => string): Standing {
  switch (schema.type) {
    case 'register':
      return registerStanding(events, schema.keep ?? 'latest');
    case 'counter':
      return { value: sumOf(events), isLive: events.some(({ op }) => op.op === 'increment' || op.op === 'decrement') };
    case 'boundedCounter':
      // An increment by 0 writes nothing.
      return { value: sumOf(events), isLive: events.some(({ op }) => byOf(op) !== 0 || op.op === 'transfer' || op.op === 'takeOver') };
    case 'set':
      return setStanding(events);
    case 'flag': {
      const isOn = events.some((event) => event.op.op === 'enable');
      return { value: isOn, isLive: isOn };
    }
    case 'list': {
      const order = listOrder(events);
      return { value: order.map((item) => item.value), isLive: order.length > 0 };
    }
    case 'text': {
      const value = text();
      return { value, isLive: value !== '' };
    }
  }
}

/** What an operation adds to a counter. */
function byOf(op: ModelEvent['op']): number {
  if (op.op === 'increment') return op.by;
  return op.op === 'decrement' ? -op.by : 0;
}

/** The sum of what the events add, or the nearest safe integer. */
function sumOf(events: readonly Resolved[]): number {
  const sum = events.reduce((total, { op }) => total + BigInt(byOf(op)), 0n);
  const bound = sum > 0n ? BigInt(Number.MAX_SAFE_INTEGER) : BigInt(Number.MIN_SAFE_INTEGER);
  const isSafe = sum * sum <= bound * bound;
  return Number(isSafe ? sum : bound);
}

function registerStanding(events: readonly Resolved[], keep: 'latest' | 'all'): Standing {
  const sets = newest(events.filter((event) => event.op.op === 'set')).sort(
    (a, b) => compareHlc(a.hlc, b.hlc) || compareStrings(a.writer, b.writer),
  );
  const values = sets.map(({ op }) => (op.op === 'set' ? op.value : null));
  return { value: keep === 'all' ? values : (values.at(-1) ?? null), isLive: values.length > 0 };
}

function setStanding(events: readonly Resolved[]): Standing {
  const present = new Map<string, JsonValue>();
  for (const { id, op, element } of events) {
    if (op.op !== 'add' || element === undefined) continue;
    const isRemoved = events.some((other) => other.op.op === 'remove' && other.element === element && other.seen.has(id));
    if (!isRemoved) present.set(element, op.value);
  }
  const elements = [...present].sort(([a], [b]) => compareStrings(a, b));
  return { value: elements.map(([, value]) => value), isLive: elements.length > 0 };
}

interface ListItem {
  readonly id: string;
  readonly key: string;
  readonly value: JsonValue;
}

function listOrder(events: readonly Resolved[]): ListItem[] {
  const removed = new Set(events.filter((event) => event.op.op === 'remove').map((event) => event.item));
  const items: ListItem[] = [];
  for (const { op, item, position } of events) {
    if (op.op !== 'insert' || item === undefined || position === undefined || removed.has(item)) continue;
    const moves = newest(events.filter((event) => event.op.op === 'move' && event.item === item)).sort(
      (a, b) => compareHlc(a.hlc, b.hlc) || compareStrings(a.writer, b.writer),
    );
    items.push({ id: item, key: orderKey(moves.at(-1)?.position ?? position, item), value: op.value ?? null });
  }
  return items.sort((a, b) => compareStrings(a.key, b.key));
}

function itemAt(order: readonly ListItem[], index: number | undefined): string {
  const item = order[index ?? -1];
  assert(item !== undefined, 'the index of an accepted operation lies in the list its author saw');
  return item.id;
}

function schemaAt(schema: FieldSchema, segments: readonly string[]): FieldSchema | undefined {
  let at: FieldSchema | undefined = schema;
  for (const segment of segments) {
    if (at?.type === 'map') at = at.of;
    else at = at?.type === 'object' ? at.fields[segment] : undefined;
  }
  return at;
}

/** The value of a field and everything below; undefined for a map key with nothing standing below. */
function assemble(schema: FieldSchema, segments: readonly string[], standing: ReadonlyMap<string, Standing>): JsonValue {
  if (schema.type === 'object') {
    const view: Record<string, JsonValue> = {};
    for (const [name, field] of Object.entries(schema.fields)) view[name] = assemble(field, [...segments, name], standing);
    return view;
  }
  if (schema.type === 'map') {
    const view: Record<string, JsonValue> = {};
    for (const [pathKey, { isLive }] of standing) {
      const path = JSON.parse(pathKey) as string[];
      const name = path[segments.length];
      if (isLive && name !== undefined && isPrefix(segments, path)) view[name] = assemble(schema.of, [...segments, name], standing);
    }
    return view;
  }
  return standing.get(JSON.stringify(segments))?.value ?? emptyOf(schema);
}

function emptyOf(schema: Exclude<FieldSchema, { type: 'map' | 'object' }>): JsonValue {
  return standingOf(schema, [], () => '').value;
}
