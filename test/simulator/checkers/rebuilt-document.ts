// A document made by the raw library from nothing but the updates in the logs: its content as JSON, and the digest that a
// region showing that JSON must have. Written from the libraries' own manuals and from what documents store:
//
//   Yjs         digest = sha256(snapshot: delete set and state vector | canonical JSON)
//   Automerge   digest = sha256(heads, sorted | newline | canonical JSON), of freeform documents with losing values
//   typed       a root map `f` of flat entries, texts as `t:field` (Yjs) or in the root map `t` (Automerge); Automerge
//               documents begin with one change that is the same everywhere
//
// What JSON lacks is shown by its nearest form: times as milliseconds, bytes as base64url, what is no number as null.

import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject, type JsonValue } from '@anabranch/base';
import * as A from '@automerge/automerge';
import * as Y from 'yjs';

/** The change that every typed Automerge document begins with: `{f: {}, t: {}}`. */
const firstChange = Buffer.from(
  '856f4a833d3ee1e6012e001000000000000000000000000000000000010100000005150534014202560270027e0166017402020002000200',
  'hex',
);

export interface RebuiltDocument {
  /** What identifies the content, for two rebuilds to be compared. */
  readonly state: string;
  /** Of freeform documents; undefined also when the content has parts whose JSON form is not worked out here (XML). */
  readonly json: JsonObject | undefined;
  /** Of typed documents: the texts, by the field's flat key. */
  readonly texts: ReadonlyMap<string, string>;
  /** True when updates were applied whose predecessors are missing. */
  readonly hasPending: boolean;
  /** The digest of a region that shows this view. */
  digestShowing(view: JsonObject): string;
}

export interface RebuildOptions {
  readonly library: string;
  readonly isTyped: boolean;
  /** Also works out `json`, which takes long for large documents. */
  readonly hasJson: boolean;
}

export function rebuild(options: RebuildOptions, updates: readonly Uint8Array[]): RebuiltDocument {
  return options.library === 'yjs' ? rebuildYjs(updates) : rebuildAutomerge(options, updates);
}

function rebuildYjs(updates: readonly Uint8Array[]): RebuiltDocument {
  const doc = new Y.Doc();
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update);
  });
  const snapshot = Y.encodeSnapshot(Y.snapshot(doc));
  const roots = [...doc.share].map(([name, type]) => [name, rootJson(doc, name, type)] as const);
  const isWhole = roots.every(([, value]) => value !== xml);
  const json = Object.fromEntries(roots.filter(([, value]) => value !== undefined && value !== xml)) as Record<string, JsonValue>;
  const texts = roots.filter(([name]) => name.startsWith('t:')).map(([name, value]) => [name.slice(2), String(value ?? '')] as const);
  return {
    state: `${Buffer.from(snapshot).toString('hex')} ${canonicalJson(json)}`,
    json: isWhole ? json : undefined,
    texts: new Map(texts),
    hasPending: doc.store.pendingStructs !== null || doc.store.pendingDs !== null,
    digestShowing: (view) => createHash('sha256').update(snapshot).update(canonicalJson(view)).digest('hex'),
  };
}

const xml = Symbol('xml');

/** A root that only updates have written has no type yet: what it holds tells. Undefined when nothing is left in it. */
function rootJson(doc: Y.Doc, name: string, type: Y.AbstractType<Y.YEvent<Y.AbstractType<unknown>>>): JsonValue | undefined | typeof xml {
  const hasEntries = [...type._map.values()].some((item) => !item.deleted);
  let first = type._start;
  while (first?.deleted) first = first.right;
  if (hasEntries) return plainJson(doc.getMap(name).toJSON());
  if (first === null) return undefined;
  if (first.content instanceof Y.ContentString || first.content instanceof Y.ContentFormat) return doc.getText(name).toString();
  if (first.content instanceof Y.ContentType && first.content.type instanceof Y.XmlFragment) return xml;
  return plainJson(doc.getArray(name).toJSON());
}

function rebuildAutomerge({ isTyped, hasJson }: RebuildOptions, updates: readonly Uint8Array[]): RebuiltDocument {
  // Without the library's JavaScript view, which is built anew with each change and read by nobody.
  const backend = A.getBackend(A.init());
  backend.loadIncremental(Buffer.concat(isTyped ? [firstChange, ...updates] : [...updates]));
  const heads = backend.getHeads().sort().join(' ');
  // Of typed documents the texts are read only: their entries are many, and equal heads are equal changes.
  const texts = isTyped ? textsOf(backend) : new Map<string, string>();
  const json = isTyped || !hasJson ? undefined : mapJson(backend, '_root', false);
  const withConflicts = isTyped ? undefined : mapJson(backend, '_root', true);
  const hasPending = backend.getMissingDeps([]).length > 0;
  backend.free();
  return {
    state: `${heads} ${canonicalJson(withConflicts ?? Object.fromEntries(texts))}`,
    json,
    texts,
    hasPending,
    digestShowing: (view) =>
      createHash('sha256')
        .update(`${heads}\n${canonicalJson(withConflicts ?? view)}`)
        .digest('hex'),
  };
}

type Backend = ReturnType<typeof A.getBackend>;

function textsOf(backend: Backend): Map<string, string> {
  const texts = backend.getWithType('_root', 't');
  const id = texts?.[0] === 'map' ? texts[1] : undefined;
  if (id === undefined) return new Map();
  return new Map(backend.keys(id).map((key) => [key, String(placeJson(backend, [id, key], false))] as const));
}

function mapJson(backend: Backend, id: string, hasConflicts: boolean): JsonObject {
  return Object.fromEntries(backend.keys(id).map((key) => [key, placeJson(backend, [id, key], hasConflicts)]));
}

/** The value at a key or index; with conflicts, all concurrent ones, each under the id of its operation. */
function placeJson(backend: Backend, [id, place]: [string, string | number], hasConflicts: boolean): JsonValue {
  const all = hasConflicts ? backend.getAll(id, place) : [];
  if (all.length > 1) return { conflict: all.map((value) => [String(value.at(-1)), valueJson(backend, value, hasConflicts)]) };
  return valueJson(backend, backend.getWithType(id, place) ?? ['null', null], hasConflicts);
}

function valueJson(backend: Backend, [type, content]: readonly unknown[], hasConflicts: boolean): JsonValue {
  if (type === 'map' || type === 'table') return mapJson(backend, String(content), hasConflicts);
  if (type === 'text') return backend.text(String(content));
  if (type !== 'list') return plainJson(content);
  const list = String(content);
  return Array.from({ length: backend.length(list) }, (_, nth) => placeJson(backend, [list, nth], hasConflicts));
}

/** The JSON form of the values that the libraries return. */
function plainJson(value: unknown): JsonValue {
  if (value instanceof Date) return value.getTime();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64url');
  if (Array.isArray(value)) return value.map(plainJson);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainJson(member)]));
}
