// The tree of one document: groups (maps and objects) over leaves, built as keys appear. It stands between the library,
// which tells it entry by entry what changed, and the edits and views, which know nothing of flat keys.
//
// Invariant 1: a change is noted on the whole way up: a parent may have a view while its child has none, because a map
//              does not ask fields that are not live.
// Invariant 2: views never change once they were handed out. A new view shares with the one before all that did not
//              change: only the objects on the way to a change are made anew.
// Invariant 3: a key that the schema does not explain (foreign, malformed, a forbidden name) is not in the tree.

import { assert, assertNever, compareStrings, forbiddenKeys, type JsonObject, type JsonValue } from '@anabranch/base';
import { escapePart, splitParts } from '../path.ts';
import type { FieldSchema, ObjectSchema } from '../schema.ts';
import { BoundedCounter } from './bounded-counter.ts';
import { Counter } from './counter.ts';
import type { Edit } from './edit.ts';
import { ElementSet } from './element-set.ts';
import { type FieldNode, Leaf, type NodeParent, type Place } from './field-node.ts';
import { Flag } from './flag.ts';
import { List } from './list.ts';
import { Register } from './register.ts';
import { type ReadText, Text } from './text.ts';

/** The field under a name of a map or object, in the schema alone. */
export function schemaBelow(schema: FieldSchema, name: string): FieldSchema | undefined {
  if (schema.type === 'map') return schema.of;
  return schema.type === 'object' && Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
}

/** A map or object: fields by name. */
export class Group implements FieldNode, NodeParent {
  readonly schema: Extract<FieldSchema, { type: 'map' | 'object' }>;
  readonly #tree: TypedTree;
  readonly #place: Place;
  readonly #children = new Map<string, FieldNode>();
  #view: JsonObject | undefined;
  /** The children that changed since the view was made. */
  #changed: Set<string> | undefined;

  constructor(schema: Group['schema'], tree: TypedTree, place: Place) {
    this.schema = schema;
    this.#tree = tree;
    this.#place = place;
  }

  get isLive(): boolean {
    for (const child of this.#children.values()) if (child.isLive) return true;
    return false;
  }

  get isVacant(): boolean {
    for (const child of this.#children.values()) if (!child.isVacant) return false;
    return true;
  }

  /** The schema below `name`, or undefined. */
  schemaOf(name: string): FieldSchema | undefined {
    if (forbiddenKeys.has(name)) return undefined;
    return schemaBelow(this.schema, name);
  }

  find(name: string): FieldNode | undefined {
    return this.#children.get(name);
  }

  /** The field of this name, made when it is not there yet; undefined when the schema has none. */
  child(name: string): FieldNode | undefined {
    const known = this.#children.get(name);
    if (known !== undefined) return known;
    const schema = this.schemaOf(name);
    if (schema === undefined) return undefined;
    const { key } = this.#place;
    const fresh = this.#tree.makeNode(schema, { key: key === '' ? escapePart(name) : `${key}/${escapePart(name)}`, name, parent: this });
    this.#children.set(name, fresh);
    return fresh;
  }

  view(): JsonObject {
    if (this.#view === undefined) this.#view = this.schema.type === 'map' ? this.#mapView() : this.#objectView(this.schema);
    else if (this.#changed !== undefined) this.#view = this.#viewAfter(this.#view, this.#changed);
    this.#changed = undefined;
    return this.#view;
  }

  removeSeen(edit: Edit): void {
    for (const child of [...this.#children.values()]) child.removeSeen(edit);
  }

  childChanged(name: string): void {
    if (this.#view !== undefined) {
      this.#changed ??= new Set();
      this.#changed.add(name);
    }
    this.#place.parent.childChanged(this.#place.name);
  }

  /** Forgets the nodes of a path that hold nothing any more. */
  prune(path: readonly string[]): void {
    const [name, ...below] = path;
    const child = name === undefined ? undefined : this.#children.get(name);
    if (name === undefined || child === undefined) return;
    if (child instanceof Group) child.prune(below);
    if (child.isVacant) this.#children.delete(name);
  }

  #mapView(): JsonObject {
    const view: Record<string, JsonValue> = {};
    for (const name of [...this.#children.keys()].sort(compareStrings)) {
      const child = this.#children.get(name);
      if (child?.isLive) view[name] = child.view();
    }
    return view;
  }

  #objectView(schema: ObjectSchema): JsonObject {
    const view: Record<string, JsonValue> = {};
    for (const name of Object.keys(schema.fields)) view[name] = this.child(name)?.view() ?? null;
    return view;
  }

  #viewAfter(before: JsonObject, changed: ReadonlySet<string>): JsonObject {
    const view: Record<string, JsonValue> = { ...before };
    for (const name of changed) {
      const child = this.schema.type === 'object' ? this.child(name) : this.#children.get(name);
      const isShown = this.schema.type === 'object' || (child?.isLive ?? false);
      // Keys that come or go change the order of a map: it is made anew, from views that are mostly still there.
      if (isShown !== Object.hasOwn(before, name)) return this.#mapView();
      if (isShown) view[name] = child?.view() ?? null;
    }
    return view;
  }
}

export class TypedTree implements NodeParent {
  readonly root: Group;
  /** Existence of the document: one entry for each writer that vouches for it, `writer -> dot`. */
  readonly existence: Flag;
  readonly #readText: ReadText;
  readonly #swept = new Set<Leaf>();
  readonly #boundedCounters = new Set<BoundedCounter>();
  #boundedWrites = 0;

  constructor(schema: ObjectSchema, readText: ReadText) {
    this.#readText = readText;
    this.root = new Group(schema, this, { key: '', name: '', parent: this });
    this.existence = new Flag({ key: '', name: '', parent: this });
  }

  /** True when a writer vouches for the document or it has content. */
  get exists(): boolean {
    return this.existence.isLive || this.root.isLive;
  }

  /** The bounded counters that have entries. */
  get boundedCounters(): ReadonlySet<BoundedCounter> {
    return this.#boundedCounters;
  }

  /** How often {@link put} was told of an entry of a bounded counter, changed or not. */
  get boundedWrites(): number {
    return this.#boundedWrites;
  }

  /** Takes over what the library holds under a flat key; undefined when it holds nothing there. */
  put(key: string, text: string | undefined): void {
    const found = this.#locate(key);
    if (found === undefined) return;
    if (found.leaf instanceof BoundedCounter) this.#boundedWrites += 1;
    if (found.leaf.get(found.name) === text) return;
    found.leaf.put(found.name, text);
    if (text === undefined && found.leaf.isVacant) this.prune(key);
  }

  /** The text field whose key this is, made when it is not there yet. */
  text(key: string): Text | undefined {
    let node: FieldNode | undefined = this.root;
    for (const part of splitParts(key) ?? []) node = node instanceof Group ? node.child(part) : undefined;
    return node instanceof Text ? node : undefined;
  }

  /** Fields with leftovers to delete, at most `countMax`; they are handed out once. */
  takeLeftovers(countMax: number): Leaf[] {
    const taken: Leaf[] = [];
    if (this.#swept.size === 0) return taken;
    for (const leaf of this.#swept) {
      if (taken.length === countMax) break;
      taken.push(leaf);
      this.#swept.delete(leaf);
    }
    return taken;
  }

  /** Forgets the nodes on the way to an entry that was deleted, as far as they hold nothing any more. */
  prune(key: string): void {
    if (!key.startsWith('/')) this.root.prune(splitParts(key) ?? []);
  }

  childChanged(): void {}

  makeNode(schema: FieldSchema, place: Place): FieldNode {
    const hasLeftovers = (leaf: Leaf): void => {
      this.#swept.add(leaf);
    };
    switch (schema.type) {
      case 'register':
        return new Register(place, schema.keep ?? 'latest');
      case 'counter':
        return new Counter(place, hasLeftovers);
      case 'boundedCounter':
        return new BoundedCounter(place, schema, this.#boundedCounters);
      case 'set':
        return new ElementSet(place);
      case 'flag':
        return new Flag(place);
      case 'list':
        return new List(place, hasLeftovers);
      case 'text':
        return new Text(place, this.#readText);
      case 'map':
      case 'object':
        return new Group(schema, this, place);
      default:
        return assertNever(schema);
    }
  }

  #locate(key: string): { leaf: Leaf; name: string } | undefined {
    if (key.startsWith('/')) return { leaf: this.existence, name: key.slice(1) };
    const parts = splitParts(key);
    if (parts === undefined) return undefined;
    let node: FieldNode | undefined = this.root;
    let depth = 0;
    while (node instanceof Group && depth < parts.length - 1) {
      const part: string | undefined = parts[depth++];
      assert(part !== undefined, 'a part lies within the key');
      node = node.child(part);
    }
    if (!(node instanceof Leaf)) return undefined;
    return { leaf: node, name: key.slice(node.prefix.length) };
  }
}
