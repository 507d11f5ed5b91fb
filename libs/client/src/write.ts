// One write of this tab, from the moment it was applied to the moment every region has it.
//
//   applied --> saved --> durable --> majority --> all
//      \---------\----------> refused

import { type AnabranchError, assert } from '@anabranch/base';
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
  /** Resolves when the write is that far or further. Rejects with the {@link error} of a refused one. */
  when(state: 'saved' | 'durable' | 'majority' | 'all'): Promise<void>;
  /** Calls back after each change of the state; returns how to end that. */
  subscribe(listener: () => void): () => void;
}

const order: Readonly<Record<Exclude<WriteState, 'refused'>, number>> = { applied: 0, saved: 1, durable: 2, majority: 3, all: 4 };

export class LocalWrite implements Write {
  readonly id: string;
  readonly described: readonly WriteDescription[];
  readonly #listeners = new Set<() => void>();
  #state: WriteState = 'applied';
  #error: AnabranchError | undefined;
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
      const isSettled = (): boolean => {
        if (this.#state === 'refused') reject(this.#error);
        else if (order[this.#state] >= order[state]) resolve();
        else return false;
        return true;
      };
      if (isSettled()) return;
      const end = this.subscribe(() => {
        if (isSettled()) end();
      });
    });
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
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

  #move(state: WriteState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) callSafely(listener);
  }
}
