// One write of this tab, from the moment it was applied to the moment every region has it.
//
//   applied --> saved --> durable --> majority --> all
//      \---------\----------> refused
//
// A write that is not followed any more stays as it was told last.

import { AnabranchError, assert } from '@anabranch/base';
import type { VersionVector } from '@anabranch/causality';
import { callSafely } from './call-safely.ts';
import type { WriteDescription } from './store/client-store.ts';

/**
 * `applied`: shown here. `saved`: kept on this device. `durable`: in the region of the session. `majority`, `all`: in most,
 * in all regions of the mesh. `refused`: in none; the documents are as without it.
 */
export type WriteState = 'applied' | 'saved' | 'durable' | 'majority' | 'all' | 'refused';

export interface Write {
  /** Unique among all devices. */
  readonly id: string;
  readonly state: WriteState;
  /** Why it was refused. */
  readonly error: AnabranchError | undefined;
  /** The documents it writes, with the operations as JSON text; empty text for an update that an editor made. */
  readonly described: readonly WriteDescription[];
  /**
   * Resolves when the write is that far or further. Rejects with the {@link error} of a refused one, and with `client_closed` when
   * the client was closed before: what is saved is sent all the same, when the device is opened again. `outcome_unknown` when more than
   * that it is durable cannot be known, for what was seen was forgotten, or too many newer writes are followed; `value_invalid` for no state.
   */
  when(state: 'saved' | 'durable' | 'majority' | 'all'): Promise<void>;
  /** Calls back after each change of the state; returns how to end that. */
  subscribe(listener: () => void): () => void;
  /** What `JSON.stringify` shows of it. */
  toJSON(): WriteJson;
}

export interface WriteJson {
  readonly id: string;
  readonly state: WriteState;
  /** `collection/id` of each. */
  readonly documents: readonly string[];
  /** Only of a refused one. */
  readonly error?: { readonly code: string; readonly message: string };
}

const order: Readonly<Record<Exclude<WriteState, 'refused'>, number>> = { applied: 0, saved: 1, durable: 2, majority: 3, all: 4 };

/** Under this name Node looks for what to show of an object. */
const inspected: unique symbol = Symbol.for('nodejs.util.inspect.custom');

export class LocalWrite implements Write {
  readonly id: string;
  readonly described: readonly WriteDescription[];
  readonly #listeners = new Set<() => void>();
  /** What looks whether a state that somebody waits for is reached. */
  readonly #waiting = new Set<() => void>();
  #state: WriteState = 'applied';
  #error: AnabranchError | undefined;
  /** Why no more is told of it. */
  #unfollowed: AnabranchError | undefined;
  /** The ops that hold it are covered by this. */
  #covered: VersionVector | undefined;

  constructor(id: string, described: readonly WriteDescription[]) {
    this.id = id;
    this.described = described;
  }

  get state(): WriteState {
    return this.#state;
  }

  get error(): AnabranchError | undefined {
    return this.#error;
  }

  /** What a reader must have seen to see this write, once it is durable. */
  get covered(): VersionVector | undefined {
    return this.#covered;
  }

  when(state: 'saved' | 'durable' | 'majority' | 'all'): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!Object.hasOwn(order, state))
        throw new AnabranchError('value_invalid', `a write becomes saved, durable, majority or all, not ${state}`);
      const isSettled = (): boolean => {
        if (this.#state === 'refused') reject(this.#error);
        else if (order[this.#state] >= order[state]) resolve();
        else if (this.#unfollowed !== undefined) reject(this.#unfollowed);
        else return false;
        return true;
      };
      if (isSettled()) return;
      const check = (): void => {
        if (isSettled()) this.#waiting.delete(check);
      };
      this.#waiting.add(check);
    });
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  toJSON(): WriteJson {
    const { id, state, error } = this;
    const documents = this.described.map(({ document }) => document);
    return { id, state, documents, ...(error && { error: { code: error.code, message: error.message } }) };
  }

  /** What `console.log` shows of it in Node. */
  [inspected](): WriteJson {
    return this.toJSON();
  }

  /** Goes on to a state; never back. */
  reach(state: Exclude<WriteState, 'refused'>): void {
    if (this.#state === 'refused' || order[this.#state] >= order[state]) return;
    this.#move(state);
  }

  settle(covered: VersionVector): void {
    this.#covered = covered;
    this.reach('durable');
  }

  /** @returns whether every region has it. */
  replicated(majority: VersionVector, all: VersionVector): boolean {
    if (this.#covered === undefined) return false;
    if (all.covers(this.#covered)) this.reach('all');
    else if (majority.covers(this.#covered)) this.reach('majority');
    return this.#state === 'all';
  }

  refuse(error: AnabranchError): void {
    assert(this.#state !== 'majority' && this.#state !== 'all', 'what regions have is not refused');
    this.#error = error;
    this.#move('refused');
  }

  /** No more is told of it, for this reason. */
  unfollow(why: AnabranchError): void {
    this.#unfollowed = why;
    for (const check of [...this.#waiting]) check();
  }

  #move(state: WriteState): void {
    this.#state = state;
    for (const check of [...this.#waiting]) check();
    for (const listener of [...this.#listeners]) callSafely(listener);
  }
}
