// Tells the tabs where the client is: once for all that changes in one turn.

import type { ClientStatus } from '../client-status.ts';
import type { FromCourier } from '../tabs/tab-message.ts';

export class StatusTeller {
  readonly #look: () => { readonly status: ClientStatus; readonly wallOffsetMs: number };
  readonly #tell: (message: FromCourier) => void;
  #isDue = false;

  constructor(look: () => { readonly status: ClientStatus; readonly wallOffsetMs: number }, tell: (message: FromCourier) => void) {
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
