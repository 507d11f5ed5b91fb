// Who else is at a document: small states that are shown to others and kept nowhere, as Yjs awareness (y-protocols) has them,
// so that clients of every kind see each other. Documents of Automerge collections show it to the other tabs of the device only.
//
//   update   count { client id, clock, state as JSON text } ...      state null: gone
//
// Invariant 1: of a client's states the one with the greatest clock counts; at equal clocks, going away does.
// Invariant 2: a state that is not renewed for `expiryMs` is forgotten, and ours is renewed in half of that.
// Invariant 3: a state that a region would refuse is refused here: there it would end the session.

import { AnabranchError, type Clock, encodeUtf8, forbiddenKeys, isAnabranchError, type JsonObject, type Timer } from '@anabranch/base';
import { BoundedReader, ByteWriter, frameInvalid } from '@anabranch/protocol';
import { callSafely } from '../call-safely.ts';

export interface Presence {
  /**
   * What others are shown of this tab; undefined when it is not there. At most 8 KiB of JSON. Of a document that was forgotten,
   * and of a client that was closed, nothing is shown any more.
   * @throws AnabranchError `request_too_large`, `value_invalid`.
   */
  set(state: JsonObject | undefined): void;
  /** The states of the others, by client id; a new map whenever it changes. */
  readonly others: ReadonlyMap<number, JsonObject>;
  subscribe(listener: () => void): () => void;
}

const expiryMs = 30_000;
const renewMs = 15_000;
/** States in one update, and bytes of one. Beyond: the update is not taken. */
const statesMax = 1_000;
const stateBytesMax: number = 8 << 10;

const surrogate = /\p{Surrogate}/u;

interface KnownState {
  readonly clock: number;
  readonly state: JsonObject | undefined;
  readonly heardMs: number;
}

export class DocumentPresence implements Presence {
  readonly #clock: Clock;
  readonly #clientId: number;
  readonly #send: (update: Uint8Array) => void;
  readonly #known = new Map<number, KnownState>();
  readonly #listeners = new Set<() => void>();
  #ownClock = 0;
  #isClosed = false;
  /** JSON text. */
  #own: string | undefined;
  #others: ReadonlyMap<number, JsonObject> = new Map();
  #timer: Timer | undefined;

  constructor(clock: Clock, clientId: number, send: (update: Uint8Array) => void) {
    this.#clock = clock;
    this.#clientId = clientId;
    this.#send = send;
  }

  get others(): ReadonlyMap<number, JsonObject> {
    return this.#others;
  }

  set(state: JsonObject | undefined): void {
    if (this.#isClosed) return;
    this.#own = state && admittedText(state);
    this.#tellOwn();
    this.#tick();
  }

  subscribe(listener: () => void): () => void {
    if (this.#isClosed) return () => {};
    if (this.#listeners.size === 0 && this.#own === undefined) this.#send(new Uint8Array());
    this.#listeners.add(listener);
    this.#tick();
    return () => this.#listeners.delete(listener);
  }

  /** A session has begun: whoever takes part says so again. */
  renew(): void {
    if (this.#own !== undefined) this.#tellOwn();
    else if (this.#listeners.size > 0) this.#send(new Uint8Array());
  }

  /** What cannot be read is passed over: presence may be missed. */
  receive(update: Uint8Array): void {
    const nowMs = this.#clock.monotonicMs();
    for (const { id, clock, state } of readStates(update)) {
      if (id === this.#clientId) continue;
      const known = this.#known.get(id);
      const isNews = known === undefined || clock > known.clock || (clock === known.clock && state === undefined);
      if (isNews) this.#known.set(id, { clock, state, heardMs: nowMs });
    }
    this.#refresh();
    this.#tick();
  }

  close(): void {
    if (this.#own !== undefined) this.set(undefined);
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#listeners.clear();
  }

  #tellOwn(): void {
    this.#ownClock += 1;
    const text = this.#own ?? 'null';
    this.#send(new ByteWriter().uint(1).uint(this.#clientId).uint(this.#ownClock).text(text).finish());
  }

  #tick(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    if (this.#own === undefined && this.#known.size === 0) return;
    this.#timer = this.#clock.setTimer(renewMs, () => {
      this.#timer = undefined;
      if (this.#own !== undefined) this.#tellOwn();
      const oldestMs = this.#clock.monotonicMs() - expiryMs;
      for (const [id, { heardMs }] of this.#known) if (heardMs < oldestMs) this.#known.delete(id);
      this.#refresh();
      this.#tick();
    });
  }

  #refresh(): void {
    const present = [...this.#known].flatMap(([id, { state }]) => (state === undefined ? [] : [[id, state] as const]));
    const isSame = present.length === this.#others.size && present.every(([id, state]) => this.#others.get(id) === state);
    if (isSame) return;
    this.#others = new Map(present);
    for (const listener of [...this.#listeners]) callSafely(listener);
  }
}

/** What regions take as a state; the rules of JSON that they are sent. */
function admittedText(state: JsonObject): string {
  if (typeof state !== 'object' || Array.isArray(state)) throw new AnabranchError('value_invalid', 'a presence state is an object');
  const text = JSON.stringify(state, (key, value: unknown) => {
    if (forbiddenKeys.has(key)) throw new AnabranchError('value_invalid', `${key} is not allowed as a key`);
    if (surrogate.test(key) || (typeof value === 'string' && surrogate.test(value))) {
      throw new AnabranchError('value_invalid', 'a string has a lone surrogate, which UTF-8 cannot carry');
    }
    return value;
  });
  if (encodeUtf8(text).length <= stateBytesMax) return text;
  throw new AnabranchError('request_too_large', `a presence state takes at most ${stateBytesMax} bytes`);
}

function readStates(update: Uint8Array): { readonly id: number; readonly clock: number; readonly state: JsonObject | undefined }[] {
  try {
    const reader = new BoundedReader(update);
    return reader.list(statesMax, () => ({ id: reader.uint(), clock: reader.uint(), state: parseState(reader.text(stateBytesMax)) }));
  } catch (error) {
    if (isAnabranchError(error)) return [];
    throw error;
  }
}

function parseState(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    throw frameInvalid('a state is not JSON');
  }
}
