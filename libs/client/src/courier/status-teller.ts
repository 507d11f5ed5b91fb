// Tells the tabs where the client is: once for all that changes in one turn.

import type { FromCourier } from '../tabs/tab-message.ts';

type StatusMessage = Extract<FromCourier, { type: 'status' }>;

export class StatusTeller {
  readonly #look: () => Omit<StatusMessage, 'type'>;
  readonly #tell: (message: FromCourier) => void;
  #isDue = false;

  constructor(look: () => Omit<StatusMessage, 'type'>, tell: (message: FromCourier) => void) {
    this.#look = look;
    this.#tell = tell;
  }

  /** Something may have changed. */
  note(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    void Promise.resolve().then(() => {
      this.#isDue = false;
      this.#tell({ type: 'status', ...this.#look() });
    });
  }
}
