// Group commit: stands between the commits of a store and its medium, which takes one group at a time. Commits that
// arrive while a group is being made durable wait and form the next group, so the cost of a sync is shared by all that
// wait for it, and the more that wait the cheaper each becomes.
//
// Invariant 1: groups are committed in the order of arrival, one at a time.
// Invariant 2: after a group has failed it, everything that waits and every later commit is rejected with the same code
//              (`store_full` or `store_failed`). Nothing is retried: after a failed sync the kernel may call pages clean
//              that never reached the disk (Rebello et al., "Can Applications Recover from fsync Failures?", 2020).
//              Reads go on; only a newly opened store, which has read its medium again, writes again.

import { AnabranchError, assert, isAnabranchError } from '@anabranch/base';
import type { Mutation, OrderedKv } from './ordered-kv.ts';

/** Mutations of one group; a larger commit is a group of its own. Bounds the pages that one transaction dirties. */
const groupMutationsMax = 32_768;

interface Waiting {
  readonly mutations: readonly Mutation[];
  readonly resolve: () => void;
  readonly reject: (error: AnabranchError) => void;
}

export class CommitQueue {
  readonly #kv: OrderedKv;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #failure: AnabranchError | undefined;

  constructor(kv: OrderedKv) {
    this.#kv = kv;
  }

  /** Resolves when the mutations are durable. @throws AnabranchError `store_full` or `store_failed`. */
  commit(mutations: readonly Mutation[]): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ mutations, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is under way; never rejects. */
  async whenIdle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // One turn of the microtask queue lets the commits of one burst share the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      const failure = await this.#commitGroup(group);
      if (failure) {
        this.#fail(failure, group);
        break;
      }
      for (const { resolve } of group) resolve();
    }
    this.#running = undefined;
  }

  async #commitGroup(group: readonly Waiting[]): Promise<AnabranchError | undefined> {
    const [only] = group;
    const mutations = group.length === 1 && only ? only.mutations : group.flatMap((waiting) => waiting.mutations);
    try {
      await this.#kv.commit(mutations);
      return undefined;
    } catch (error) {
      if (isAnabranchError(error)) return error;
      return new AnabranchError('store_failed', `a commit failed: ${String(error)}`);
    }
  }

  #takeGroup(): Waiting[] {
    let count = 0;
    let mutations = 0;
    for (const waiting of this.#waiting) {
      mutations += waiting.mutations.length;
      if (count > 0 && mutations > groupMutationsMax) break;
      count++;
    }
    assert(count > 0, 'a group holds at least one commit');
    return this.#waiting.splice(0, count);
  }

  #fail(failure: AnabranchError, group: readonly Waiting[]): void {
    this.#failure = failure;
    const rejected = [...group, ...this.#waiting];
    this.#waiting = [];
    for (const { reject } of rejected) reject(failure);
  }
}
