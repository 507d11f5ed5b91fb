// A platform without regions, for clients on their own: its timers run when a test says so, and a test speaks for other tabs.

import type { Platform, TabMessage } from '../index.ts';

export class QuietPlatform implements Platform {
  readonly #timers = new Set<() => void>();
  #tell: (message: TabMessage) => void = () => {};
  connections = 0;

  readonly clock: Platform['clock'] = {
    wallMs: () => 0,
    monotonicMs: () => 0,
    setTimer: (_, callback) => {
      const timer = (): void => callback();
      this.#timers.add(timer);
      return { cancel: () => this.#timers.delete(timer) };
    },
  };
  #drawn = 1;
  readonly random: Platform['random'] = {
    u32: () => {
      this.#drawn = (Math.imul(this.#drawn, 1_664_525) + 1_013_904_223) >>> 0;
      return this.#drawn;
    },
    bytes: (length) => new Uint8Array(length).map(() => this.random.u32() >>> 24),
  };
  readonly tabs: Platform['tabs'] = {
    lead: () => Promise.resolve(),
    post() {},
    listen: (listener) => {
      this.#tell = listener;
    },
    close() {},
  };
  readonly connect: Platform['connect'] = () => {
    this.connections += 1;
    return { bufferedBytes: 0, send: () => {}, close: () => {} };
  };
  readonly sendHttp: Platform['sendHttp'] = () => Promise.resolve({ status: 200, text: '', header: () => undefined });
  readonly onOnline: Platform['onOnline'] = () => () => {};

  /** Timers that wait. */
  get timers(): number {
    return this.#timers.size;
  }

  /** The time of every timer has come. */
  runTimers(): void {
    for (const timer of [...this.#timers]) if (this.#timers.delete(timer)) timer();
  }

  /** As another tab, or the courier in it, does. */
  tell(message: TabMessage): void {
    this.#tell(message);
  }
}
