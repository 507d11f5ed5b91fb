// Decides whether an update from an untrusted sender may be logged and merged. After the reader has accepted its form,
// three questions remain, answered by walking the structs in the order the library will integrate them:
//
//   1. Does it build on what is here? Every struct follows its client's clock without a gap and every id it names is
//      held or comes earlier: else the library would park it, and all that follows, in memory.
//   2. Does it write under this replica's own clientID? Only this replica may, so that nothing is numbered twice.
//   3. Do its shared types nest within the limit? The library and every view recurse into them.
//
// Invariant: after an update passed, merging it throws nothing and leaves nothing pending.

import * as Y from 'yjs';
import { inspectionLimits as limits } from '../inspection-limits.ts';
import type { LogAuthors } from '../log-authors.ts';
import { incomplete, invalid, tooLarge } from '../update-refusal.ts';
import { readYjsUpdate, type ScannedStruct, type ScannedUpdate, type StructId } from './update-reader.ts';

/** Returns what was read. @throws AnabranchError `update_invalid`, `update_incomplete`, `request_too_large` */
export function inspectYjsUpdate(doc: Y.Doc, ownClientId: number, update: Uint8Array, authors?: LogAuthors): ScannedUpdate {
  if (update.length > limits.updateBytesMax) throw tooLarge('the update has too many bytes');
  const scanned = readYjsUpdate(update);
  const walk = new Walk(doc, scanned);
  for (const [client, section] of scanned.structs) {
    const last = section.at(-1);
    if (last === undefined || last.clock + last.length <= Y.getState(doc.store, client)) continue;
    if (client === ownClientId) throw invalid('the update writes under the clientID of this replica');
    if (authors?.hasYjsClient(client)) throw incomplete('the update holds edits of a region that have not arrived from it');
  }
  walk.run();
  for (const { client, clock, length } of scanned.deletions) {
    if (clock + length > walk.known(client)) throw incomplete('the update deletes what this replica does not hold');
  }
  return scanned;
}

/** Of a whole document: as much as its bytes hold, and what was ever deleted in it. */
const wholeBounds = { structsMax: Number.MAX_SAFE_INTEGER, emptyPositionsMax: Number.MAX_SAFE_INTEGER };

/**
 * Decides whether what a region sends of a document has the form of an update; of a whole one also whether an empty document
 * takes it. Costs what its bytes cost to read. An update that passes may still contradict the document that it is merged into.
 * @throws AnabranchError `update_invalid`, `update_incomplete`
 */
export function checkYjsBytes(bytes: Uint8Array, isWhole: boolean): void {
  const scanned = readYjsUpdate(bytes, wholeBounds);
  if (isWhole) return new Walk(new Y.Doc(), scanned).run();
  for (const section of scanned.structs.values()) if (section.some(buildsOnItself)) throw invalid('a struct builds on itself');
}

/** An id of the struct's own client must lie before it: the library does not wait there, it fails. */
function buildsOnItself({ client, clock, parent, origins }: ScannedStruct): boolean {
  return (parent === undefined ? origins : [parent]).some((id) => id.client === client && id.clock >= clock);
}

class Walk {
  readonly #doc: Y.Doc;
  readonly #structs: ScannedUpdate['structs'];
  /** Per client: the clock up to which everything is held or was walked, and the index of the next struct. */
  readonly #knownTo = new Map<number, number>();
  readonly #next = new Map<number, number>();
  /** Clients that stopped until another client gets further. */
  readonly #waiting = new Map<number, number[]>();
  /** How deep the type lies that holds each struct; kept only when the update brings types. */
  readonly #depths: Map<ScannedStruct, number> | undefined;

  constructor(doc: Y.Doc, scanned: ScannedUpdate) {
    this.#doc = doc;
    this.#structs = scanned.structs;
    const bringsTypes = [...scanned.structs.values()].some((section) => section.some((struct) => struct.isType));
    this.#depths = bringsTypes ? new Map() : undefined;
  }

  known(client: number): number {
    return this.#knownTo.get(client) ?? Y.getState(this.#doc.store, client);
  }

  run(): void {
    const ready = [...this.#structs.keys()];
    for (let client = ready.pop(); client !== undefined; client = ready.pop()) {
      const from = this.#next.get(client) ?? 0;
      const blocker = this.#advance(client);
      // Only progress wakes the others: two clients that wait for each other stay asleep, and the loop ends.
      if ((this.#next.get(client) ?? 0) > from) {
        ready.push(...(this.#waiting.get(client) ?? []));
        this.#waiting.delete(client);
      }
      if (blocker === undefined) continue;
      const waiting = this.#waiting.get(blocker);
      if (waiting === undefined) this.#waiting.set(blocker, [client]);
      else waiting.push(client);
    }
    for (const [client, section] of this.#structs) {
      if ((this.#next.get(client) ?? 0) < section.length) throw incomplete('the update builds on parts this replica lacks');
    }
  }

  /** Walks a client's structs as far as they go; returns the client whose structs must come first. */
  #advance(client: number): number | undefined {
    const section = this.#structs.get(client) ?? [];
    for (let i = this.#next.get(client) ?? 0; i < section.length; i++) {
      const struct = section[i];
      if (struct === undefined) break;
      const blocker = this.#blockerOf(struct);
      if (blocker !== undefined) {
        this.#next.set(client, i);
        return blocker;
      }
      this.#checkOverlap(struct);
      this.#checkDepth(struct);
      if (struct.kind !== 'skip') this.#knownTo.set(client, Math.max(this.known(client), struct.clock + struct.length));
    }
    this.#next.set(client, section.length);
    return undefined;
  }

  #blockerOf(struct: ScannedStruct): number | undefined {
    const known = this.known(struct.client);
    const mustBeKnown = struct.kind === 'skip' ? struct.clock + struct.length : struct.clock;
    if (mustBeKnown > known) throw incomplete('the update leaves out earlier structs of a client');
    if (buildsOnItself(struct)) throw invalid('a struct builds on itself');
    for (const id of struct.parent === undefined ? struct.origins : [struct.parent]) {
      if (id.clock >= this.known(id.client)) {
        if (!this.#structs.has(id.client)) throw incomplete('the update builds on parts this replica lacks');
        return id.client;
      }
    }
    return undefined;
  }

  /** The library cannot cut an item whose beginning it has collected. Asking again from its state vector gives it cut. */
  #checkOverlap(struct: ScannedStruct): void {
    const held = Y.getState(this.#doc.store, struct.client);
    if (struct.kind !== 'item' || struct.clock >= held || struct.clock + struct.length <= held) return;
    if (!(Y.getItem(this.#doc.store, Y.createID(struct.client, held - 1)) instanceof Y.Item)) {
      throw incomplete('the update overlaps a part that was collected');
    }
  }

  #checkDepth(struct: ScannedStruct): void {
    if (this.#depths === undefined || struct.kind !== 'item') return;
    const [origin] = struct.origins;
    let depth = 0;
    if (struct.parent !== undefined) depth = this.#depthOf(struct.parent) + 1;
    else if (origin !== undefined) depth = this.#depthOf(origin);
    if (depth > limits.depthMax) throw invalid('shared types are nested too deep');
    this.#depths.set(struct, depth);
  }

  /** How deep the item of this id lies: 0 in a root type. */
  #depthOf(id: StructId): number {
    if (id.clock < Y.getState(this.#doc.store, id.client)) return depthInDoc(this.#doc, id);
    const section = this.#structs.get(id.client) ?? [];
    let low = 0;
    let high = section.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((section[middle]?.clock ?? 0) <= id.clock) low = middle;
      else high = middle - 1;
    }
    const struct = section[low];
    return struct === undefined ? 0 : (this.#depths?.get(struct) ?? 0);
  }
}

function depthInDoc(doc: Y.Doc, id: StructId): number {
  let item: unknown = Y.getItem(doc.store, Y.createID(id.client, id.clock));
  let depth = 0;
  while (item instanceof Y.Item && item.parent instanceof Y.AbstractType && item.parent._item !== null) {
    item = item.parent._item;
    depth++;
  }
  return depth;
}
