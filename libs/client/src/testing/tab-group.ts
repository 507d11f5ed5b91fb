// The tabs of one device, without a browser: what they post arrives in a later turn, or when a test lets it; they lead one after the
// other.

import type { Platform } from '../ports.ts';
import type { TabMessage } from '../tabs/tab-message.ts';

export class TabGroup {
  /** Messages that arrive only when {@link deliver} is called. */
  delays: (message: TabMessage) => boolean = () => false;
  /** Nobody leads before. */
  mayLead: Promise<void> = Promise.resolve();
  /** What was posted, in order. */
  readonly posted: TabMessage[] = [];
  readonly #listeners = new Map<number, (message: TabMessage) => void>();
  readonly #waiting: { readonly tab: number; readonly lead: () => void }[] = [];
  #delayed: Array<() => void> = [];
  #leader: number | undefined;
  #count = 0;

  tab(): Platform['tabs'] & { kill(): void } {
    const tab = this.#count++;
    const leave = (): void => {
      this.#listeners.delete(tab);
      if (this.#leader === tab) this.#leader = undefined;
      const at = this.#waiting.findIndex((waiting) => waiting.tab === tab);
      if (at >= 0) this.#waiting.splice(at, 1);
      this.#choose();
    };
    let isKilled = false;
    return {
      lead: async () => {
        await this.mayLead;
        if (!isKilled) await new Promise<void>((lead) => this.#waiting.push({ tab, lead }) && this.#choose());
      },
      post: (message) => {
        if (!isKilled) this.#post(tab, structuredClone<TabMessage>(message));
      },
      listen: (listener) => void this.#listeners.set(tab, listener),
      close: leave,
      /** Nothing of it is heard any more, and the next one leads. */
      kill: () => {
        isKilled = true;
        leave();
      },
    };
  }

  /** What was delayed arrives now. */
  deliver(): void {
    for (const arrive of this.#delayed.splice(0)) arrive();
  }

  #post(from: number, message: TabMessage): void {
    this.posted.push(message);
    const arrive = (): void => {
      for (const [tab, listener] of [...this.#listeners]) if (tab !== from) listener(message);
    };
    if (this.delays(message)) this.#delayed.push(arrive);
    else setImmediate(arrive);
  }

  #choose(): void {
    if (this.#leader !== undefined) return;
    const next = this.#waiting.shift();
    this.#leader = next?.tab;
    next?.lead();
  }
}
