import type { Clock, Timer } from '../clock.ts';

/** Time that passes only when a test says so, however slow the machine is. */
export class ManualClock implements Clock {
  #nowMs = 1_000;
  readonly #pending = new Map<object, { readonly dueMs: number; readonly callback: () => void }>();

  wallMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimer(afterMs: number, callback: () => void): Timer {
    const key = {};
    this.#pending.set(key, { dueMs: this.#nowMs + afterMs, callback });
    return { cancel: () => this.#pending.delete(key) };
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Milliseconds until the next timer; undefined when none is set. */
  get nextAfterMs(): number | undefined {
    const due = [...this.#pending.values()].map((timer) => timer.dueMs);
    return due.length === 0 ? undefined : Math.min(...due) - this.#nowMs;
  }

  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (;;) {
      const due = [...this.#pending].filter(([, timer]) => timer.dueMs <= endMs).sort(([, x], [, y]) => x.dueMs - y.dueMs)[0];
      if (due === undefined) break;
      const [key, timer] = due;
      this.#pending.delete(key);
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.callback();
    }
    this.#nowMs = endMs;
  }
}
