// Recognises changes whose merge can be foreseen without trying it: those an honest client makes all day. Rehearsing a merge
// copies, saves and loads the whole document, a quarter of a second for 100,000 characters; this asks about the places
// that the operations touch.
//
//   1. The library's encoder makes the very same change of what its decoder shows: nothing is hidden in it.
//   2. It builds on a state that is here: its dependencies are held, or are the change before it in the update.
//   3. Each operation names as replaced exactly what stands in that state at its place, and that is one value at most, and
//      no counter. An element is inserted first of all or behind an element that stands.
//
// What is not foreseen is not refused: it is rehearsed. So every rule here may be stricter than the library.
//
// Invariant: a foreseen change that the walk admitted merges without an error, and the document stays loadable. Random
//            changes against the rehearsal prove it.

import { type DecodedChange, decodeChange, encodeChange } from '@automerge/automerge';
import type { AutomergeHandle } from './automerge-handle.ts';
import type { ChangeTable } from './change-table.ts';

type Op = DecodedChange['ops'][number] & { readonly elemId?: string; readonly insert?: boolean };

/** Questions to the document about one update; more make it slower than a rehearsal of a small document. */
const lookupsMax = 256;
/** The same about an earlier state of the document, where each can take 2 ms. */
const earlierLookupsMax = 16;

const plainActions: ReadonlySet<string> = new Set(['set', 'del', 'makeMap', 'makeList', 'makeText']);

interface Held {
  readonly handle: AutomergeHandle;
  readonly table: ChangeTable;
}

/** True when merging these changes, in this order, is foreseen to work. Their objects, keys and numbers were checked before. */
export function areForeseen({ handle, table }: Held, changes: readonly DecodedChange[]): boolean {
  table.follow(handle);
  const heads = handle.getHeads().sort().join();
  const state = new ForeseenState({ handle, table });
  let previous: string | undefined;
  for (const change of changes) {
    if (previous === undefined || change.deps.join() !== previous) {
      const { deps } = change;
      if (!deps.every((hash, i) => handle.getChangeMetaByHash(hash) !== null && hash > (deps[i - 1] ?? ''))) return false;
      state.start(deps.join() === heads ? undefined : deps);
    }
    previous = change.hash;
    if (!hidesNothing(change)) return false;
    for (const [i, op] of (change.ops as Op[]).entries()) {
      if (!state.take(op, `${change.startOp + i}@${change.actor}`)) return false;
    }
  }
  return true;
}

function hidesNothing(change: DecodedChange): boolean {
  try {
    return decodeChange(encodeChange(change)).hash === change.hash;
  } catch {
    return false;
  }
}

/** A state of the document and what the operations taken so far make of it. */
class ForeseenState {
  readonly #handle: AutomergeHandle;
  readonly #table: ChangeTable;
  #heads: string[] | undefined;
  #lookupsLeft: number = lookupsMax;
  #earlierLookupsLeft: number = earlierLookupsMax;
  /** What stands at the places that were touched: the operation that wrote it, or undefined when nothing does. */
  readonly #standing = new Map<string, string | undefined>();
  readonly #madeObjects = new Set<string>();

  constructor({ handle, table }: Held) {
    this.#handle = handle;
    this.#table = table;
  }

  /** Goes on from the state of these heads, or from the current one. */
  start(heads: readonly string[] | undefined): void {
    this.#heads = heads && [...heads];
    this.#standing.clear();
    this.#madeObjects.clear();
  }

  /** False when the effect of the operation, numbered `id`, is not foreseen. */
  take(op: Op, id: string): boolean {
    if (!plainActions.has(op.action)) return false;
    if (op.action.startsWith('make')) this.#madeObjects.add(id);
    if (op.insert === true) {
      if (op.pred.length > 0 || op.action === 'del' || !this.#mayFollow(op)) return false;
      this.#standing.set(placeOf(op.obj, id), id);
      return true;
    }
    const place = placeOf(op.obj, op.elemId ?? op.key);
    const replaced = this.#at(op, place);
    if (replaced === unforeseen || op.pred.length !== (replaced === undefined ? 0 : 1) || op.pred[0] !== replaced) return false;
    if (op.action === 'del' && replaced === undefined) return false;
    this.#standing.set(place, op.action === 'del' ? undefined : id);
    return true;
  }

  /** Whether the element that an insert names is there to follow. */
  #mayFollow(op: Op): boolean {
    if (op.elemId === undefined) return false;
    if (op.elemId === '_head') return true;
    const place = placeOf(op.obj, op.elemId);
    if (this.#standing.has(place)) return true;
    const standing = this.#at(op, place);
    return standing !== unforeseen && standing !== undefined;
  }

  /** What stands at the place of an operation. */
  #at(op: Op, place: string): string | undefined | typeof unforeseen {
    if (this.#standing.has(place)) return this.#standing.get(place);
    if (this.#madeObjects.has(op.obj)) return op.elemId === undefined ? undefined : unforeseen;
    try {
      const standing = op.elemId === undefined ? this.#entry(op.obj, op.key) : this.#element(op.obj, op.elemId);
      if (standing !== unforeseen) this.#standing.set(place, standing);
      return standing;
    } catch {
      return unforeseen;
    }
  }

  #entry(object: string, key: string): string | undefined | typeof unforeseen {
    return this.#maySearch() ? onlyId(this.#handle.getAll(object, key, this.#heads)) : unforeseen;
  }

  /**
   * An element that still has the value it was inserted with, so that its id and its value's are one. The library finds
   * values by their ids too: that it was inserted there is asked of its change.
   */
  #element(object: string, elementId: string): string | typeof unforeseen {
    let index = 0;
    let end = this.#handle.length(object, this.#heads);
    if (String(this.#handle.objInfo(object).type) === 'text') {
      // An id is a cursor, in texts only.
      index = this.#handle.getCursorPosition(object, elementId, this.#heads);
      end = index + 1;
    }
    for (; index < end && this.#maySearch(); index++) {
      if (onlyId(this.#handle.getAll(object, index, this.#heads)) !== elementId) continue;
      return this.#table.isInsertion(this.#handle, elementId, object) ? elementId : unforeseen;
    }
    return unforeseen;
  }

  #maySearch(): boolean {
    return (this.#heads === undefined ? this.#lookupsLeft-- : this.#earlierLookupsLeft--) > 0;
  }
}

const unforeseen = Symbol('unforeseen');

/** The operation behind the only value; undefined when there is none. */
function onlyId(values: ReturnType<AutomergeHandle['getAll']>): string | undefined | typeof unforeseen {
  const [value] = values;
  if (values.length > 1 || value?.[0] === 'counter') return unforeseen;
  return value === undefined ? undefined : String(value.at(-1));
}

function placeOf(object: string, keyOrElement: string): string {
  return `${object}/${keyOrElement}`;
}
