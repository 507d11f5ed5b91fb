// The place of the courier in a tab: taken in the tab that speaks with regions. While its courier begins, what tabs tell it is kept
// for it: it may have read the store before.

import type { Courier } from './courier/courier.ts';
import type { ToCourier } from './tab-message.ts';

export class CourierSeat {
  #courier: Courier | undefined;
  #early: ToCourier[] | undefined;

  /** This tab leads: its courier begins. */
  prepare(): void {
    this.#early = [];
  }

  /** The courier takes its place, and is told `first` before what was kept for it. */
  async take(courier: Courier, first: readonly ToCourier[]): Promise<void> {
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#courier = courier;
    for (const message of [...first, ...early]) courier.receive(message);
    await courier.start();
  }

  /** There will be no courier here. */
  giveUp(): void {
    this.#early = undefined;
  }

  receive(message: ToCourier): void {
    if (this.#courier === undefined) this.#early?.push(message);
    else this.#courier.receive(message);
  }

  async stop(): Promise<void> {
    await this.#courier?.stop();
  }
}
