// The awareness of one document, as this region knows it: who is there, with which state. It stands between sessions here,
// whose clients announce themselves and echo what they hear, and the sessions of other regions.
//
//   update = count { client id | clock | state JSON text }       a state `null` says that the client has left
//
// An entry is newer when its clock is higher, or equal and it says that the client has left (y-protocols). Who brought
// the newest state of a client owns it: when that session ends, so does the client's presence.
//
// Invariant 1: only newer entries are kept, and only they are passed on: clients echo each other without end otherwise.
// Invariant 2: a state that is passed on is a JSON object within the limits and without forbidden keys: the receiving client
//              parses it without catching.
// Invariant 3: a client that left stays known, without state, until its entry expires: a late echo does not revive it.

import { AnabranchError, encodeUtf8 } from '@anabranch/base';
import { BoundedReader, ByteWriter, frameInvalid } from '@anabranch/protocol';
import { parseJsonBody } from '../http/json-body.ts';
import type { SyncLimits } from './sync-limits.ts';

export interface AwarenessEntry {
  readonly clientId: number;
  readonly clock: number;
  /** The JSON text of the state; undefined when the client has left. */
  readonly state: Uint8Array | undefined;
}

interface KnownEntry extends AwarenessEntry {
  /** The session whose client it is; undefined for those of other regions. */
  readonly owner: object | undefined;
  readonly renewedMs: number;
}

const leftState = encodeUtf8('null');
/** Id, clock and length of one entry at their longest. */
const entryOverheadBytesMax = 20;
/** A clock rises by one per change of state; what is far beyond only serves to silence somebody. */
const clockMax = 2 ** 32;

export class AwarenessTable {
  readonly #limits: SyncLimits;
  readonly #known = new Map<number, KnownEntry>();

  constructor(limits: SyncLimits) {
    this.#limits = limits;
  }

  /** The clients that are there. */
  get present(): readonly AwarenessEntry[] {
    return [...this.#known.values()].filter((entry) => entry.state !== undefined);
  }

  /** The clients of sessions of this region, to answer another region's question. */
  get presentHere(): readonly AwarenessEntry[] {
    return [...this.#known.values()].filter((entry) => entry.state !== undefined && entry.owner !== undefined);
  }

  /**
   * Takes an update that `owner`'s client sent, or one of another region (no owner).
   * @returns the entries that were news. A document that shows as many clients as it may shows no further ones.
   */
  merge(entries: readonly AwarenessEntry[], owner: object | undefined, nowMs: number): readonly AwarenessEntry[] {
    return entries.filter((entry) => {
      const known = this.#known.get(entry.clientId);
      if (known === undefined && this.#known.size >= this.#limits.awarenessStatesMax) return false;
      if (known !== undefined && !isNewer(entry, known)) return false;
      this.#known.set(entry.clientId, { ...entry, owner, renewedMs: nowMs });
      return known !== undefined || entry.state !== undefined;
    });
  }

  /** Takes out the clients of a session that ended. @returns that they have left, for the others. */
  removeOwned(owner: object, nowMs: number): readonly AwarenessEntry[] {
    const left: AwarenessEntry[] = [];
    for (const [clientId, entry] of this.#known) {
      if (entry.owner !== owner || entry.state === undefined) continue;
      left.push({ clientId, clock: entry.clock, state: undefined });
      this.#known.set(clientId, { clientId, clock: entry.clock, state: undefined, owner: undefined, renewedMs: nowMs });
    }
    return left;
  }

  /** Forgets what was not renewed; clients do the same by themselves. */
  expire(nowMs: number): void {
    for (const [clientId, entry] of this.#known) {
      if (nowMs - entry.renewedMs >= this.#limits.awarenessExpiryMs) this.#known.delete(clientId);
    }
  }
}

function isNewer(entry: AwarenessEntry, known: KnownEntry): boolean {
  if (entry.clock !== known.clock) return entry.clock > known.clock;
  return entry.state === undefined && known.state !== undefined;
}

/** @throws AnabranchError `frame_invalid`, `value_invalid`, `request_malformed`, `request_too_large`. */
export function decodeAwareness(update: Uint8Array, limits: SyncLimits): readonly AwarenessEntry[] {
  const reader = new BoundedReader(update);
  const count = reader.uint(limits.awarenessStatesMax);
  const entries: AwarenessEntry[] = [];
  for (let i = 0; i < count; i++) {
    const clientId = reader.uint();
    const clock = reader.uint(clockMax);
    const state = reader.sizedBytes(reader.remaining);
    if (state.length > limits.awarenessStateBytesMax) {
      throw new AnabranchError('request_too_large', `an awareness state takes at most ${limits.awarenessStateBytesMax} bytes`);
    }
    entries.push({ clientId, clock, state: admitState(state) });
  }
  reader.end();
  return entries;
}

/** As many updates as it takes to keep each below `bytesMax`. */
export function encodeAwareness(entries: readonly AwarenessEntry[], bytesMax: number): readonly Uint8Array[] {
  const batches: AwarenessEntry[][] = [];
  let roomLeft = 0;
  for (const entry of entries) {
    const bytes = (entry.state ?? leftState).length + entryOverheadBytesMax;
    if (bytes > roomLeft) {
      batches.push([]);
      roomLeft = bytesMax - entryOverheadBytesMax;
    }
    batches.at(-1)?.push(entry);
    roomLeft -= bytes;
  }
  return batches.map(encodeBatch);
}

function encodeBatch(entries: readonly AwarenessEntry[]): Uint8Array {
  const writer = new ByteWriter().uint(entries.length);
  for (const { clientId, clock, state } of entries)
    writer
      .uint(clientId)
      .uint(clock)
      .sizedBytes(state ?? leftState);
  return writer.finish();
}

/** A copy, so that the table does not keep the buffer of the message alive. */
function admitState(state: Uint8Array): Uint8Array | undefined {
  const value = parseJsonBody(state);
  if (value === null) return undefined;
  if (typeof value !== 'object') throw frameInvalid('an awareness state is an object');
  return Uint8Array.from(state);
}
