import type { Clock, Timer } from '@anabranch/base';

/** Delays pass only when a test says so: what is held stays held, however slow the machine is. */
export class ManualClock implements Clock {
  #nowMs = 1000;
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
