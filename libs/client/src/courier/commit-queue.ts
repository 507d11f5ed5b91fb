// The changes of the courier on their way into the store, many in one commit, and what is told when they are in.
//
// Invariant 1: what follows a change is done after it is kept, in the order of the changes.
// Invariant 2: one commit is under way at a time. When one fails, nothing that waits is done any more, and `failed` is
//              called once.

import { callSafely } from '../call-safely.ts';
import type { ClientStore, StoreChange } from '../store/client-store.ts';

interface Entry {
  readonly changes: readonly StoreChange[];
  readonly then: () => void;
}

export class CommitQueue {
  readonly #store: ClientStore;
  readonly #failed: (cause: unknown) => void;
  #waiting: Entry[] = [];
  #whenIdle: Promise<void> = Promise.resolve();
  #isRunning = false;
  #hasFailed = false;

  constructor(store: ClientStore, failed: (cause: unknown) => void) {
    this.#store = store;
    this.#failed = failed;
  }

  add(changes: readonly StoreChange[], then: () => void): void {
    if (this.#hasFailed) return;
    this.#waiting.push({ changes, then });
    if (!this.#isRunning) this.#whenIdle = this.#run();
  }

  /** Resolves when nothing is under way. */
  whenIdle(): Promise<void> {
    return this.#whenIdle;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#waiting.length > 0) {
        const entries = this.#waiting;
        this.#waiting = [];
        const changes = withoutReplaced(entries.flatMap((entry) => entry.changes));
        if (changes.length > 0) await this.#store.commit(changes);
        for (const { then } of entries) callSafely(then);
      }
    } catch (error) {
      this.#hasFailed = true;
      this.#failed(error);
    } finally {
      this.#isRunning = false;
    }
  }
}

/** Of several session records in one commit the last one counts; so it is with refusals. */
function withoutReplaced(changes: readonly StoreChange[]): readonly StoreChange[] {
  const last = new Map(changes.map(({ type }, at) => [type, at]));
  return changes.filter(({ type }, at) => (type !== 'session' && type !== 'refusals') || at === last.get(type));
}
